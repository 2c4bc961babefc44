"""The paper's claims, asked of records whose answer is known."""

from collections.abc import Callable, Mapping

import pytest

from bench.report.record import AccuracyRecord, VariantRecord
from bench.run import matrix as claims
from bench.run.matrix import Finding, Matrix, MissingError
from bench.run.table3 import Cell, table_3_cells
from bench.verdict.published import published
from models.catalog import NETWORKS
from tests.unit import records
from tests.unit.records import Scores

SUBJECTS = range(1, 9)


def matrix_of(*variants: VariantRecord, bases: Mapping[str, Scores] | None = None) -> Matrix:
    return Matrix(
        {record.variant: record for record in variants},
        {name: records.base(name, scores) for name, scores in (bases or {}).items()},
    )


def saving(**shares: tuple[float, float]) -> Matrix:
    """C_1 to C_5, saving 30 % under D and 35 % under F but where `shares` (D, F) tell otherwise."""
    variants = []
    for number in range(1, 6):
        name = f"C_{number}"
        lite = number * 1e-3
        d, f = shares.get(name, (0.30, 0.35))
        for technique, share in zip("LDF", (0.0, d, f), strict=True):
            variants.append(records.variant(f"{name}-{technique}", energy=lite * (1 - share)))
    return matrix_of(*variants)


def flat(value: float) -> Scores:
    return dict.fromkeys(SUBJECTS, value)


def wide(value: float) -> Scores:
    """The same mean with subjects 8 points below and above it."""
    return {subject: value + (0.08 if subject % 2 else -0.08) for subject in SUBJECTS}


def test_a_saving_is_a_share_of_the_energy_under_l() -> None:
    assert saving().saving("C_2", "F") == pytest.approx(0.35)


@pytest.mark.parametrize(
    ("shares", "verdict"),
    [
        ({"C_1": (0.0, 0.01)}, "agrees"),
        ({"C_1": (0.4, 0.4)}, "contradicts"),
        ({"C_1": (-0.2, 0.36)}, "contradicts"),  # the better of both counts
    ],
)
def test_c_1_saves_least(shares: dict[str, tuple[float, float]], verdict: str) -> None:
    finding = claims.c_1_saves_least(saving(**shares))
    assert finding.verdict == verdict
    assert "C_1 " in finding.found


@pytest.mark.parametrize(
    ("shares", "verdict"),
    [
        ({}, "agrees"),
        ({"C_1": (0.0, 0.0)}, "agrees"),  # the claim is about the others
        ({"C_4": (0.2001, 0.35)}, "agrees"),
        ({"C_5": (0.19, 0.35)}, "contradicts"),
    ],
)
def test_d_saves_close_to_what_is_published(
    shares: dict[str, tuple[float, float]], verdict: str
) -> None:
    assert claims.saves_at_least(saving(**shares), "D").verdict == verdict
    assert claims.saves_at_least(saving(**shares), "F").verdict == "agrees"


@pytest.mark.parametrize(
    ("shares", "verdict"),
    [({}, "agrees"), ({"C_1": (0.5, 0.4)}, "agrees"), ({"C_3": (0.36, 0.35)}, "contradicts")],
)
def test_f_saves_more_than_d(shares: dict[str, tuple[float, float]], verdict: str) -> None:
    assert claims.f_saves_more_than_d(saving(**shares)).verdict == verdict


@pytest.mark.parametrize(
    ("leads", "verdict"),
    [((4, 3, 2, 1), "agrees"), ((4, 5, 6, 5), "contradicts"), ((4, 3, 3, 1), "contradicts")],
)
def test_the_lead_of_f_shrinks(leads: tuple[int, ...], verdict: str) -> None:
    shares = {f"C_{n}": (0.3, 0.3 + lead / 100) for n, lead in enumerate(leads, start=2)}
    assert claims.lead_of_f_shrinks(saving(**shares)).verdict == verdict


def complexity(energies: Mapping[str, float]) -> Matrix:
    """Family CL, whose fourth and fifth network are its smallest, and these energies under D."""
    order = ["CL_4", "CL_5", "CL_1", "CL_2", "CL_3", "CL_6"]
    return matrix_of(
        *(
            records.variant(f"{name}-D", energy=energies.get(name, n * 1e-3), macs=1000 * n)
            for n, name in enumerate(order, start=1)
        )
    )


def test_energy_rises_with_multiply_accumulates() -> None:
    rises = claims.energy_rises_with_complexity(complexity({}), "CL", "D")
    assert rises.verdict == "agrees"
    assert rises.found.startswith("CL_4 1000 uJ, CL_5 2000 uJ, CL_1 3000 uJ")
    falls = claims.energy_rises_with_complexity(complexity({"CL_2": 3e-3}), "CL", "D")
    assert falls.verdict == "contradicts"


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [
        ((0.80, 0.95), "agrees"),
        ((0.884, 0.95), "agrees"),
        ((0.885, 0.95), "contradicts"),
        ((0.7, 0.88), "contradicts"),
    ],
)
def test_table_2_is_judged_by_the_interval(interval: tuple[float, float], verdict: str) -> None:
    record = records.variant("C_3-L").model_copy(
        update={"accuracy": (records.accuracy(flat(0.9), interval),)}
    )
    finding = claims.table_2(matrix_of(record), "C_3", "L")
    assert finding.verdict == verdict
    assert finding.published == "0.884"
    assert finding.interval is not None
    assert (finding.interval.low, finding.interval.high) == interval


def test_the_accuracy_is_that_of_a_runtime_that_ran() -> None:
    missing = AccuracyRecord(runtime="tflm", reason="not run")
    found = records.accuracy(flat(0.9))
    record = records.variant("C_3-L").model_copy(update={"accuracy": (missing, found)})
    assert matrix_of(record).accuracy("C_3", "L") == found


@pytest.mark.parametrize(
    ("technique", "scores", "verdict"),
    [
        ("F", flat(0.875), "agrees"),
        ("F", flat(0.90), "contradicts"),
        ("F", flat(0.92), "contradicts"),
        ("F", wide(0.875), "undecided"),
        ("D", flat(0.898), "agrees"),
        ("D", flat(0.902), "agrees"),
        ("D", flat(0.89), "contradicts"),
        ("L", wide(0.9), "undecided"),
    ],
)
def test_the_drop_of_accuracy(technique: str, scores: Scores, verdict: str) -> None:
    matrix = matrix_of(records.variant(f"C_3-{technique}", scores=scores), bases={"C_3": flat(0.9)})
    assert claims.accuracy_drop(matrix, "C_3", technique).verdict == verdict


@pytest.mark.parametrize(
    ("best", "rival", "verdict"),
    [
        (flat(0.9), 0.85, "agrees"),
        (flat(0.9), 0.95, "contradicts"),
        (wide(0.9), 0.89, "undecided"),
    ],
)
def test_the_third_network_is_the_best(best: Scores, rival: float, verdict: str) -> None:
    others = [name for name in NETWORKS if name.startswith("CL_") and name != "CL_3"]
    bases = {name: flat(0.5) for name in others} | {"CL_5": flat(rival), "CL_3": best}
    finding = claims.best_of_family(matrix_of(bases=bases), "CL", "base")
    assert finding.verdict == verdict
    assert "its lead over CL_5" in finding.found


@pytest.mark.parametrize(
    ("recurrent", "verdict"),
    [(flat(0.93), "agrees"), (flat(0.88), "contradicts"), (wide(0.91), "undecided")],
)
def test_the_recurrent_network_is_more_accurate(recurrent: Scores, verdict: str) -> None:
    matrix = matrix_of(
        records.variant("C_3-F", scores=flat(0.9)), records.variant("CL_3-F", scores=recurrent)
    )
    assert claims.recurrent_beats_convolutional(matrix, "F").verdict == verdict


QUESTIONS: list[Callable[[Matrix], Finding]] = [
    claims.c_1_saves_least,
    claims.f_saves_more_than_d,
    claims.lead_of_f_shrinks,
    lambda matrix: claims.saves_at_least(matrix, "D"),
    lambda matrix: claims.energy_rises_with_complexity(matrix, "C", "L"),
    lambda matrix: claims.table_2(matrix, "C_3", "base"),
    lambda matrix: claims.accuracy_drop(matrix, "C_3", "F"),
    lambda matrix: claims.best_of_family(matrix, "C", "L"),
    lambda matrix: claims.recurrent_beats_convolutional(matrix, "L"),
    Cell("C_1", "L", True, "").compare,
]
NOTHING = [records.variant(f"{name}-{t}") for name in NETWORKS for t in "LDF"]


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("matrix", [matrix_of(), matrix_of(*NOTHING)], ids=["empty", "not run"])
def test_a_claim_about_what_was_not_run_has_no_finding(
    matrix: Matrix, question: Callable[[Matrix], Finding]
) -> None:
    with pytest.raises(MissingError, match=r"in this run$"):
        question(matrix)


def test_a_finding_reads_as_a_sentence_and_becomes_a_record() -> None:
    finding = claims.f_saves_more_than_d(saving())
    assert str(finding) == (
        "F saves more than D from C_2 to C_5: published always; found F less D: "
        "C_2 5.0%, C_3 5.0%, C_4 5.0%, C_5 5.0%: agrees"
    )
    record = finding.record()
    assert (record.claim, record.verdict) == (finding.claim, "agrees")


def test_table_3_has_42_cells_and_explains_where_ours_differ() -> None:
    cells = {str(cell): cell for cell in table_3_cells()}
    assert len(cells) == 42
    assert not cells["C_6-L"].fits
    assert {name for name, cell in cells.items() if cell.explanation} == {
        f"CL_{n}-L" for n in range(1, 7)
    }


@pytest.mark.parametrize(
    ("cell", "fits", "fits_paper", "verdict", "found"),
    [
        ("C_5-D", True, True, "agrees", "fits and runs"),
        ("C_5-D", True, False, "contradicts", "does not: flash"),
        ("C_5-D", False, True, "contradicts", "does not: arena"),
        ("C_8-L", True, True, "contradicts", "fits and runs"),
        ("CL_1-L", True, False, "agrees", "does not: flash"),
        ("CL_1-L", True, True, "contradicts", "fits and runs"),
    ],
)
def test_a_cell_of_table_3(
    cell: str, fits: bool, fits_paper: bool, verdict: str, found: str
) -> None:
    finding = cell_of(cell).compare(
        matrix_of(records.variant(cell, fits=fits, fits_paper=fits_paper))
    )
    assert (finding.verdict, finding.found) == (verdict, found)


def test_a_cell_that_the_applications_size_was_taken_from_is_no_agreement() -> None:
    record = records.variant("C_8-L", fits=True, fits_paper=False)
    inferred = cell_of("C_8-L").compare(matrix_of(record))
    assert inferred.verdict == "calibrated"
    assert "inferred from this column" in inferred.found
    built = Matrix({record.variant: record}, {}, inferred_app_size=False)
    assert cell_of("C_8-L").compare(built).verdict == "agrees"


def test_a_cell_whose_device_was_never_asked_is_missing() -> None:
    record = records.variant("C_5-D", fits=None, fits_paper=True)
    with pytest.raises(MissingError):
        cell_of("C_5-D").compare(matrix_of(record))


def cell_of(name: str) -> Cell:
    return next(cell for cell in table_3_cells() if str(cell) == name)


def test_the_least_saving_is_below_what_the_text_calls_close() -> None:
    assert claims.LEAST_SAVING < 0.30
    assert max(abs(row["base"] - row[t]) for row in published().table2.values() for t in "LD") == (
        pytest.approx(claims.NEGLIGIBLE)
    )
