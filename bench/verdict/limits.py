"""Limits files: what each variant must reach, each limit with its unit, rule and source.

A file belongs to one data set and fold; on another its limits do not apply. Where several rows
speak of the same quantity of a variant, the last one holds, so a file goes from the general to the
particular::

    dataset = "uci-har"
    fold = 0

    [[limit]]
    variant = "C_*-F"            # as in a shell: * ? [..]; a base is "C_1-base"
    quantity = "accuracy"
    unit = "1"
    min = 0.90
    rule = "simple acceptance"
    source = "four-fold mean less three standard deviations over subjects"

    [[undeployable]]
    variant = "BIG-L"
    reason = "its arena is larger than the heap"

    [gate]
    margin = 0.01
    level = 0.05
    between_sessions = 0.001
    source = "declared: temperature of shunt and card within 2 K"
"""

import tomllib
from collections.abc import Collection
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bench.errors import ReportError
from bench.verdict.rules import Rule

Quantity = Literal["accuracy", "accuracy drop", "bytes", "arena", "latency", "energy", "saving"]
UNITS: dict[Quantity, str] = {
    "accuracy": "1",
    "accuracy drop": "1",
    "bytes": "B",
    "arena": "B",
    "latency": "s",
    "energy": "J",
    "saving": "1",
}
"""The quantities that can be limited, each with its only unit: the drop is the base's accuracy less
the variant's, the saving the share of L's energy that the variant does without."""
LARGEST = 1e15
"""Limits beyond limit nothing, and no record takes them."""

UNCERTAIN = ("accuracy", "accuracy drop", "energy", "saving")
"""The quantities with an expanded uncertainty: of energy and saving their own, of the accuracy and
its drop half their interval over subjects. The others have no guard band, and are judged by simple
acceptance."""


class Limit(BaseModel):
    """One row: exactly one of `min` and `max`, in `unit`.

    Attributes:
        mode: ``sim`` or ``hw`` where it holds in that mode alone, as an energy does that a model
            has predicted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    variant: str
    quantity: Quantity
    unit: str
    mode: Literal["sim", "hw"] | None = None
    min: float | None = Field(default=None, ge=-LARGEST, le=LARGEST, strict=True)
    max: float | None = Field(default=None, ge=-LARGEST, le=LARGEST, strict=True)
    rule: Rule
    source: str = Field(min_length=1)

    @model_validator(mode="after")
    def _sane(self) -> Self:
        if (self.min is None) == (self.max is None):
            raise ValueError("wants exactly one of min and max")
        if self.unit != UNITS[self.quantity]:
            raise ValueError(f"unit {self.unit!r}, wanted {UNITS[self.quantity]!r}")
        if self.rule is Rule.GUARD_BAND and self.quantity not in UNCERTAIN:
            raise ValueError(
                f"{self.quantity} has no stated uncertainty to make a guard band of: "
                f"take the rule {Rule.SIMPLE.value!r}"
            )
        return self


class Undeployable(BaseModel):
    """Variants that are known not to fit, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    variant: str
    reason: str = Field(min_length=1)


class GateLimits(BaseModel):
    """How a change since the baseline is judged.

    Attributes:
        margin: Relative change that does not matter.
        level: Error probability of the intervals, and the false-discovery rate over the matrix.
        between_sessions: Relative standard deviation of a session's results about those of others,
            where there is no history to take it from.
        source: Where margin and spread are from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    margin: float = Field(gt=0.0, lt=1.0)
    level: float = Field(gt=0.0, lt=0.5)
    between_sessions: float = Field(ge=0.0, lt=1.0)
    source: str = Field(min_length=1)


class Limits(BaseModel):
    """A limits file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str
    fold: int = Field(ge=0)
    limit: tuple[Limit, ...] = ()
    undeployable: tuple[Undeployable, ...] = ()
    gate: GateLimits | None = None

    def of(self, variant: str, mode: str) -> tuple[Limit, ...]:
        """The limits that hold for `variant` in `mode`, one for each quantity."""
        matching = [
            limit
            for limit in self.limit
            if fnmatchcase(variant, limit.variant) and limit.mode in (None, mode)
        ]
        return tuple({limit.quantity: limit for limit in matching}.values())

    def expected_undeployable(self, variant: str) -> str | None:
        """Why `variant` is expected not to fit, or None where it must."""
        for row in self.undeployable:
            if fnmatchcase(variant, row.variant):
                return row.reason
        return None

    def idle(self, variants: Collection[str]) -> tuple[str, ...]:
        """The rows' patterns that none of `variants` matches, so that they limit nothing."""
        patterns = [row.variant for row in self.limit] + [row.variant for row in self.undeployable]
        return tuple(
            pattern
            for pattern in patterns
            if not any(fnmatchcase(variant, pattern) for variant in variants)
        )

    def why_not(self, dataset: str, fold: int) -> str | None:
        """Why these limits do not apply to results on `dataset` and `fold`, or None."""
        if (dataset, fold) == (self.dataset, self.fold):
            return None
        return f"limits are for {self.dataset}, fold {self.fold}; this is {dataset}, fold {fold}"


def limits_path(dataset: str) -> Path:
    """Where the limits for a data set are, unless the user names a file."""
    return Path(__file__).parents[2] / "limits" / f"{dataset}.toml"


def load_limits(path: Path) -> Limits:
    """Read a limits file.

    Raises:
        ReportError: If it cannot be read, naming file, row and field.
    """
    try:
        return Limits.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ReportError(
            f"limits file {path}: cannot be read: {error.strerror}: name one such as those in "
            "limits/, or write one with python -m bench limits --write"
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ReportError(f"limits file {path}: is no TOML file: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = " > ".join(str(part) for part in first["loc"]) or "file"
        raise ReportError(
            f"limits file {path}: {where}: {first['msg']} (seen: {first['input']!r})"
        ) from error
