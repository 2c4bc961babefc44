"""Ratios of sessions and what the gate makes of them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.errors import MeasurementError
from bench.verdict.comparison import (
    BOOTSTRAP_CLUSTERS,
    Ratio,
    Replicates,
    SessionSpread,
    ratio,
    session_spread,
)
from bench.verdict.gate import Change, judge_ratios

NONE = SessionSpread(0.0, "none")
LEVEL = 0.05


def drawn(
    random: np.random.Generator, cycles: int, mean: float = 1e-3, spread: float = 0.01
) -> Replicates:
    """A session whose power cycles scatter by `spread` and whose windows hardly do."""
    means = mean * np.exp(random.normal(0.0, spread, cycles))
    return Replicates(tuple(tuple(m * random.normal(1.0, 1e-4, 5)) for m in means))


def test_few_power_cycles_give_welch_s_t_on_logarithms_of_their_means() -> None:
    random = np.random.default_rng(1)
    new, old = drawn(random, 3), drawn(random, 4)
    found = ratio(new, old, NONE, LEVEL)
    logs = [np.log([np.mean(cycle) for cycle in session.cycles]) for session in (new, old)]
    wanted = stats.ttest_ind(*logs, equal_var=False)
    interval = wanted.confidence_interval(1.0 - LEVEL)
    assert found.p == pytest.approx(wanted.pvalue)
    assert math.log(found.low) == pytest.approx(interval.low)
    assert math.log(found.high) == pytest.approx(interval.high)


def test_windows_of_one_power_cycle_are_no_replicates() -> None:
    few = Replicates(((1.0, 1.0), (1.02, 1.02), (0.99, 0.99)))
    many = Replicates(tuple(cycle * 10 for cycle in few.cycles))
    old = Replicates(((1.0,), (1.01,), (1.0,)))
    assert ratio(many, old, NONE, LEVEL).p == pytest.approx(ratio(few, old, NONE, LEVEL).p)


@pytest.mark.parametrize("cycles", [3, BOOTSTRAP_CLUSTERS])
def test_intervals_hold_the_true_ratio_as_often_as_they_say(cycles: int) -> None:
    random = np.random.default_rng(7)
    between, true, count = SessionSpread(0.005, "drawn"), 1.03, 200
    held = 0
    for number in range(count):
        new, old = (
            drawn(random, cycles, mean * math.exp(random.normal(0.0, between.relative)))
            for mean in (true, 1.0)
        )
        found = ratio(new, old, between, LEVEL, seed=number)
        held += found.low <= true <= found.high
    assert held >= stats.binom.ppf(1e-4, count, 1.0 - LEVEL)


def test_a_spread_between_sessions_widens_the_interval() -> None:
    random = np.random.default_rng(3)
    new, old = drawn(random, 6), drawn(random, 6)
    alone = ratio(new, old, NONE, LEVEL)
    wider = ratio(new, old, SessionSpread(0.05, "declared"), LEVEL)
    assert wider.low < alone.low < alone.high < wider.high


def test_a_drift_that_the_reference_shares_cancels() -> None:
    random = np.random.default_rng(4)
    old, reference = drawn(random, 3, 2e-3, 1e-4), drawn(random, 3, 1e-3, 1e-4)

    def drifted(session: Replicates) -> tuple[tuple[float, ...], ...]:
        return tuple(tuple(1.05 * value for value in cycle) for cycle in session.cycles)

    before = Replicates(old.cycles, reference.cycles)
    after = Replicates(drifted(old), drifted(reference))
    assert ratio(after, before, NONE, LEVEL).value == pytest.approx(1.0)
    assert ratio(Replicates(after.cycles), old, NONE, LEVEL).value == pytest.approx(1.05)


@pytest.mark.parametrize(
    "cycles", [(), ((1.0, 1.0),), ((1.0,), ()), ((1.0,), (0.0,)), ((1.0,), (math.nan,))]
)
def test_too_little_to_compare_is_an_error(cycles: tuple[tuple[float, ...], ...]) -> None:
    with pytest.raises(MeasurementError, match="power cycles; wanted at least two"):
        ratio(Replicates(cycles), Replicates(((1.0,), (1.0,))), NONE, LEVEL)


def test_history_shows_how_sessions_differ() -> None:
    random = np.random.default_rng(5)
    sessions = [drawn(random, 3, math.exp(random.normal(0.0, 0.02)), 1e-4) for _ in range(400)]
    found = session_spread(sessions)
    assert found.relative == pytest.approx(0.02, rel=0.1)
    assert (found.dof, found.source) == (399.0, "400 earlier sessions")
    with pytest.raises(MeasurementError, match="1 sessions; wanted at least two"):
        session_spread(sessions[:1])


# ---- the gate


def interval(low: float, high: float, p: float) -> Ratio:
    return Ratio(math.sqrt(low * high), low, high, p, "made up")


@pytest.mark.parametrize(
    ("one", "change"),
    [
        (interval(0.995, 1.005, 0.9), Change.SAME),
        (interval(1.004, 1.006, 1e-9), Change.SAME),  # more, and it does not matter
        (interval(1.005, 1.02, 1e-3), Change.WORSE),
        (interval(0.97, 0.99, 1e-3), Change.BETTER),
        (interval(0.95, 1.06, 0.8), Change.INCONCLUSIVE),
        (Ratio.exact(1.0), Change.SAME),
        (Ratio.exact(1.02), Change.WORSE),
        (Ratio.exact(0.9), Change.BETTER),
    ],
)
def test_a_change_is_judged_by_its_interval_and_the_margin(one: Ratio, change: Change) -> None:
    assert judge_ratios({"C_1-L": one}, 0.01, LEVEL)["C_1-L"].change is change


def test_one_small_p_among_many_is_no_discovery() -> None:
    lucky = interval(1.001, 1.05, 0.03)
    crowd = {f"C_{n}": interval(0.95, 1.05, 0.5) for n in range(41)}
    assert judge_ratios({"lucky": lucky}, 0.01, LEVEL)["lucky"].change is Change.WORSE
    found = judge_ratios({"lucky": lucky, **crowd}, 0.01, LEVEL)["lucky"]
    assert found.change is Change.INCONCLUSIVE
    assert found.adjusted_p > LEVEL


def test_changes_that_do_not_matter_make_no_room_for_false_alarms() -> None:
    lucky = interval(1.001, 1.05, 0.03)
    slight = {f"C_{n}": interval(1.002, 1.004, 1e-9) for n in range(41)}
    found = judge_ratios({"lucky": lucky, **slight}, 0.01, LEVEL)
    assert {found[name].change for name in slight} == {Change.SAME}
    assert found["lucky"].change is Change.INCONCLUSIVE


def test_what_is_called_worse_or_better_is_false_as_rarely_as_the_level_says() -> None:
    """Thirty variants changed by a third of the margin, known well; ten did not, known badly."""
    random, alarms, count = np.random.default_rng(8), 0, 400
    for _ in range(count):
        draws = random.normal(0.0, 0.02, 10)
        ratios = {str(n): interval(1.0032, 1.0034, 1e-12) for n in range(30)} | {
            f"equal {n}": interval(
                math.exp(x - 1.96 * 0.02),
                math.exp(x + 1.96 * 0.02),
                2.0 * stats.norm.sf(abs(x) / 0.02),
            )
            for n, x in enumerate(draws)
        }
        found = judge_ratios(ratios, 0.01, LEVEL).values()
        called = [one for one in found if one.change in (Change.WORSE, Change.BETTER)]
        alarms += bool(called)
    assert alarms <= stats.binom.ppf(1.0 - 1e-4, count, LEVEL)


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=20))
def test_adjusted_p_values_are_never_smaller_and_keep_their_order(p: list[float]) -> None:
    found = judge_ratios({str(n): interval(0.9, 1.2, x) for n, x in enumerate(p)}, 0.01, LEVEL)
    adjusted = [found[str(n)].adjusted_p for n in range(len(p))]
    assert all(a >= x - 1e-12 for a, x in zip(adjusted, p, strict=True))
    by_p = [a for _, a in sorted(zip(p, adjusted, strict=True))]
    assert by_p == sorted(by_p)
