"""Which cases a run consists of, and which modes a mark expression lets pass."""

import itertools

import pytest

from bench.run.command_line import is_wanted
from bench.run.judged import Judged, LimitNotKept, VerdictWarning
from bench.run.selection import Case, SelectionError, select
from bench.verdict.rules import Judgement, Outcome, Rule
from models.catalog import NETWORKS


def names(cases: list[Case]) -> list[str]:
    return [case.name for case in cases]


def test_everything_is_42_variants_and_14_bases() -> None:
    selection = select(NETWORKS)
    assert len(selection.variants(["sim"])) == 42
    accuracies = names(selection.accuracies(["sim"]))
    assert len(accuracies) == 56
    assert sorted(set(accuracies) - set(names(selection.variants(["sim"])))) == sorted(
        f"{name}-base" for name in NETWORKS
    )


@pytest.mark.parametrize(
    ("networks", "techniques", "expected"),
    [
        ("C_1", None, ["C_1-L", "C_1-D", "C_1-F"]),
        ("CL_2,C_1", "F", ["C_1-F", "CL_2-F"]),
        (" C_1 , C_2 ,", " D, L ", ["C_1-L", "C_1-D", "C_2-L", "C_2-D"]),
        ("C_[12]", "L", ["C_1-L", "C_2-L"]),
        ("CL_?,CL_1", "L", [f"CL_{n}-L" for n in range(1, 7)]),
        ("C_1", "base", []),
    ],
)
def test_networks_and_techniques_are_chosen(
    networks: str, techniques: str | None, expected: list[str]
) -> None:
    assert names(select(NETWORKS, networks, techniques).variants(["sim"])) == expected


def test_a_base_has_an_accuracy_only() -> None:
    selection = select(NETWORKS, "C_1", "base,F")
    assert names(selection.accuracies(["sim"])) == ["C_1-base", "C_1-F"]
    assert names(select(NETWORKS, "C_1", "F").accuracies(["sim"])) == ["C_1-F"]


def test_each_mode_has_its_cases() -> None:
    cases = select(NETWORKS, "C_1", "L").variants(["sim", "hw"])
    assert [case.id for case in cases] == ["sim-C_1-L", "hw-C_1-L"]
    assert select(NETWORKS).variants([]) == []


def test_a_users_own_model_is_the_only_case() -> None:
    selection = select(NETWORKS, own="gestures")
    assert [case.id for case in selection.variants(["sim"])] == ["sim-gestures-own"]
    assert selection.accuracies(["sim"]) == []


@pytest.mark.parametrize("networks", ["C_9", "C_1,X*", "c_1", "", " , "])
def test_networks_that_are_not_there_are_an_error(networks: str) -> None:
    with pytest.raises(SelectionError, match=r"--networks: '.*'"):
        select(NETWORKS, networks)


@pytest.mark.parametrize("techniques", ["X", "L;D", "l", "own", "", ","])
def test_techniques_that_are_not_there_are_an_error(techniques: str) -> None:
    with pytest.raises(SelectionError, match=r"--techniques: '.*'"):
        select(NETWORKS, None, techniques)


@pytest.mark.parametrize(
    ("expression", "sim", "hw"),
    [
        ("", True, True),
        ("sim", True, False),
        ("hw", False, True),
        ("sim or hw", True, True),
        ("not sim and not hw", False, False),
        ("not sim", False, True),
        ("sim and not slow", True, False),
        ("(hw and slow) or sim", True, False),
        ("slow", False, False),
        ("simulated", False, False),
        ("sim and", False, False),
        ("((", False, False),
    ],
)
def test_a_mark_expression_lets_modes_pass(expression: str, sim: bool, hw: bool) -> None:
    assert (is_wanted(expression, "sim"), is_wanted(expression, "hw")) == (sim, hw)


def judgement(outcome: Outcome, quantity: str = "energy") -> Judgement:
    return Judgement(
        quantity, "J", 1.5e-3, 1e-4, "max", 1e-3, Rule.GUARD_BAND, outcome, -5e-4, "a test"
    )


@pytest.mark.parametrize(
    "pair", list(itertools.product([Outcome.FAIL, Outcome.CONDITIONAL_FAIL], list(Outcome)))
)
def test_a_limit_that_is_not_kept_fails_with_value_limit_and_rule(
    pair: tuple[Outcome, Outcome],
) -> None:
    first, second = pair
    judged = Judged("C_1-L", (judgement(second, "latency"), judgement(first)))
    with pytest.raises(LimitNotKept, match=r"^C_1-L: .*energy 0.0015 ± 0.0001 J, wanted <= 0.001"):
        judged.check()


def test_a_limit_kept_within_its_guard_band_warns() -> None:
    kept = judgement(Outcome.PASS, "latency"), judgement(Outcome.CONDITIONAL_PASS)
    with pytest.warns(VerdictWarning, match=r"C_1-L: energy .*conditional pass by guard band"):
        Judged("C_1-L", kept).check()


def test_limits_that_are_kept_are_quiet() -> None:
    Judged("C_1-L", (judgement(Outcome.PASS),)).check()
    Judged("C_1-L", (), "no limits on this data set").check()
