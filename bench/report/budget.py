"""An uncertainty budget as text."""

import math
from collections.abc import Iterator

from bench.report.record import BudgetRow, EstimateRecord


def budget_text(estimate: EstimateRecord) -> str:
    """The budget on one line, largest influence first.

    Of each: its standard uncertainty in the result's unit, its share of the result's variance, and
    its degrees of freedom where they are finite.
    """
    return "; ".join(_row(row, estimate.unit) for row in estimate.budget)


def _freedom(dof: float) -> str:
    """Degrees of freedom; beyond a million they are as good as infinite."""
    return "inf" if dof > 1e6 else f"{dof:.3g}"


def _row(row: BudgetRow, unit: str) -> str:
    of_unit = "" if unit == "1" else f" {unit}"
    freedom = "" if math.isinf(row.dof) else f", {row.dof:.3g} dof"
    return f"{row.influence} {row.standard:.3g}{of_unit} ({row.share:.2%}{freedom})"


def budget_table(title: str, estimate: EstimateRecord) -> Iterator[str]:
    """The result and its budget, a line for each influence, largest first."""
    unit = "" if estimate.unit == "1" else f" {estimate.unit}"
    yield (
        f"{title}: {estimate.value:.6g} ± {estimate.expanded:.2g}{unit} "
        f"(95 %, k = {estimate.coverage_factor:.2f}, {_freedom(estimate.dof)} degrees of freedom)"
    )
    width = max([36, *(len(row.influence) for row in estimate.budget)])
    yield f"  {'influence':<{width}}{'standard':>12}{'share':>10}{'dof':>8}"
    for row in estimate.budget:
        figures = f"{row.standard:12.3g}{row.share:10.3%}{_freedom(row.dof):>8}"
        yield f"  {row.influence:<{width}}{figures}"
