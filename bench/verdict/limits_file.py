"""Limits files as text: one row for each variant and quantity, so that a diff is easy to review."""

import json
from collections.abc import Iterable, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from pathlib import Path

from bench.verdict.limits import LARGEST, UNITS, Limit, Limits, Quantity, load_limits
from bench.verdict.rules import Rule

FLOORS: frozenset[Quantity] = frozenset({"accuracy", "saving"})
"""The quantities of which more is better."""
OF_A_MODE: frozenset[Quantity] = frozenset({"latency", "energy", "saving"})
"""The quantities that a simulated device predicts and a real one has."""
BY_SPREAD: frozenset[Quantity] = frozenset({"accuracy", "accuracy drop"})
"""The quantities whose margin is their interval over subjects: a share of a drop near zero would
leave none, and other subjects would have given another figure."""
DIGITS = 3
"""Significant digits of a written limit, rounded to the generous side."""
STEP = Decimal("0.001")
"""What the limits of accuracy and its drop are rounded to, and the least drop that is allowed:
a few windows may fall on the other side on another machine."""


def with_margin(quantity: Quantity, value: float, margin: float) -> float:
    """A limit that leaves `value` a relative `margin`, rounded to the generous side."""
    floor = quantity in FLOORS
    limit = value - abs(value) * margin if floor else value + abs(value) * margin
    rounding = Context(DIGITS, ROUND_FLOOR if floor else ROUND_CEILING)
    within = max(-LARGEST, min(limit, LARGEST))
    return float(rounding.create_decimal(f"{within:.12g}"))


def with_spread(quantity: Quantity, value: float, half_interval: float) -> float:
    """A limit that leaves `value` half its interval over subjects, rounded to the generous side."""
    if quantity in FLOORS:
        return _stepped(value - half_interval, ROUND_FLOOR)
    return max(_stepped(value + half_interval, ROUND_CEILING), float(STEP))


def new_limit(
    variant: str,
    quantity: Quantity,
    mode: str,
    reached: tuple[float, float],
    margin: float,
    reason: str,
) -> Limit:
    """A limit for one variant from what it reached in a run in `mode`.

    Args:
        variant: Its name.
        quantity: What is limited.
        mode: ``sim`` or ``hw``.
        reached: Value and expanded uncertainty.
        margin: Relative margin; of accuracy and its drop the margin is the uncertainty.
        reason: Why this is a limit from now on.
    """
    value, expanded = reached
    if quantity in BY_SPREAD:
        wanted = with_spread(quantity, value, expanded)
        left = f"margin {expanded:.2g}, half the 95 % interval over subjects"
    else:
        wanted, left = with_margin(quantity, value, margin), f"margin {margin:.3g}"
    bound = "min" if quantity in FLOORS else "max"
    rule = Rule.GUARD_BAND if quantity in ("energy", "saving") else Rule.SIMPLE
    return Limit.model_validate(
        {
            "variant": variant,
            "quantity": quantity,
            "unit": UNITS[quantity],
            "mode": mode if quantity in OF_A_MODE else None,
            bound: wanted,
            "rule": rule,
            "source": f"{reason}; reached {value:.6g}, {left}",
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


def _stepped(value: float, rounding: str) -> float:
    return float(Decimal(f"{value:.12g}").quantize(STEP, rounding))


def _table(values: Mapping[str, object]) -> str:
    return "".join(f"{name} = {_toml(value)}\n" for name, value in values.items())


def _toml(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(str(value), ensure_ascii=False)  # a basic string of TOML is JSON's
    return repr(value)
