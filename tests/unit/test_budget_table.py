"""The uncertainty budget as people read it in a terminal."""

from bench.report.budget import budget_table
from bench.report.record import BudgetRow
from tests.unit import records


def test_its_columns_stay_columns_whatever_an_influence_is_called() -> None:
    names = ("shunt", "supply channel offset temperature (reference)")
    rows = tuple(
        BudgetRow(influence=name, standard=1e-6, share=0.5, dof=float("inf")) for name in names
    )
    estimate = records.estimate(1e-3, "J").model_copy(update={"budget": rows})
    _, heading, *lines = budget_table("C_1-L", estimate)
    assert {len(line) for line in lines} == {len(heading)}
