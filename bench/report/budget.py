"""An uncertainty budget as text."""

from bench.report.record import BudgetRow, EstimateRecord


def budget_text(estimate: EstimateRecord) -> str:
    """The budget on one line, largest influence first.

    Of each: its standard uncertainty in the result's unit, its share of the result's variance, and
    its degrees of freedom where they are finite.
    """
    return "; ".join(_row(row, estimate.unit) for row in estimate.budget)


def _row(row: BudgetRow, unit: str) -> str:
    of_unit = "" if unit == "1" else f" {unit}"
    freedom = "" if row.dof == float("inf") else f", {row.dof:.3g} dof"
    return f"{row.influence} {row.standard:.3g}{of_unit} ({row.share:.2%}{freedom})"
