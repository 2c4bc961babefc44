"""Limits files as text: one row for each variant and quantity, so that a diff is easy to review."""

import json
from collections.abc import Iterable, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Context
from pathlib import Path

from bench.verdict.limits import UNITS, Limit, Limits, Quantity, load_limits
from bench.verdict.rules import Rule

FLOORS: frozenset[Quantity] = frozenset({"accuracy", "saving"})
"""The quantities of which more is better."""
OF_A_MODE: frozenset[Quantity] = frozenset({"latency", "energy", "saving"})
"""The quantities that a simulated device predicts and a real one has."""
DIGITS = 3
"""Significant digits of a written limit, rounded to the generous side."""


def with_margin(quantity: Quantity, value: float, margin: float) -> float:
    """A limit that leaves `value` a relative `margin`, rounded to the generous side."""
    floor = quantity in FLOORS
    limit = value - abs(value) * margin if floor else value + abs(value) * margin
    rounding = Context(DIGITS, ROUND_FLOOR if floor else ROUND_CEILING)
    return float(rounding.create_decimal(f"{limit:.12g}"))


def new_limit(
    variant: str, quantity: Quantity, mode: str, value: float, margin: float, reason: str
) -> Limit:
    """A limit for one variant from what it reached in a run in `mode`."""
    bound = "min" if quantity in FLOORS else "max"
    rule = Rule.GUARD_BAND if quantity in ("energy", "saving") else Rule.SIMPLE
    return Limit.model_validate(
        {
            "variant": variant,
            "quantity": quantity,
            "unit": UNITS[quantity],
            "mode": mode if quantity in OF_A_MODE else None,
            bound: with_margin(quantity, value, margin),
            "rule": rule,
            "source": f"{reason}; reached {value:.6g}, margin {margin:.3g}",
        }
    )


def replaced(limits: Limits, new: Iterable[Limit]) -> Limits:
    """`limits` with rows of the same variant, quantity and mode replaced, and the others added."""
    rows = {(row.variant, row.quantity, row.mode): row for row in limits.limit}
    rows.update({(row.variant, row.quantity, row.mode): row for row in new})
    return limits.model_copy(update={"limit": tuple(rows.values())})


def render(limits: Limits, heading: str = "") -> str:
    """The file's text; `heading` is its leading comment."""
    blocks = [f"{heading}{_table({'dataset': limits.dataset, 'fold': limits.fold})}"]
    if limits.gate is not None:
        blocks.append(f"[gate]\n{_table(limits.gate.model_dump())}")
    for name, rows in (("limit", limits.limit), ("undeployable", limits.undeployable)):
        blocks += [f"[[{name}]]\n{_table(row.model_dump(exclude_none=True))}" for row in rows]
    return "\n".join(blocks)


def existing(path: Path, dataset: str, fold: int) -> tuple[Limits, str]:
    """The limits in the file at `path` and its leading comment; empty ones if there is no file.

    Raises:
        ReportError: It cannot be read.
    """
    if not path.exists():
        return Limits(dataset=dataset, fold=fold), ""
    limits = load_limits(path)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    count = next((n for n, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return limits, "".join(lines[:count])


def _table(values: Mapping[str, object]) -> str:
    return "".join(f"{name} = {_toml(value)}\n" for name, value in values.items())


def _toml(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(str(value), ensure_ascii=False)  # a basic string of TOML is JSON's
    return repr(value)
