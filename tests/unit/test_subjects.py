"""Intervals over subjects, and what is published."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.errors import MeasurementError
from bench.verdict.published import ClaimVerdict, published
from bench.verdict.subjects import Interval, difference, mean_over_subjects
from models.catalog import NETWORKS

scores = st.dictionaries(st.integers(1, 30), st.floats(0, 1), min_size=2, max_size=8)


@given(scores)
def test_the_mean_lies_in_the_middle_of_its_interval(values: dict[int, float]) -> None:
    interval = mean_over_subjects(values)
    assert interval.mean == pytest.approx(sum(values.values()) / len(values))
    assert interval.low <= interval.mean <= interval.high
    assert interval.high - interval.mean == pytest.approx(interval.mean - interval.low, abs=1e-12)


def test_the_interval_is_student_s_t() -> None:
    values = {subject: 0.1 * (subject - 3) ** 2 for subject in range(1, 9)}
    wanted = stats.ttest_1samp(list(values.values()), 0.0)
    interval = mean_over_subjects(values, level=0.1)
    ends = wanted.confidence_interval(0.9)
    assert (interval.low, interval.high) == pytest.approx((ends.low, ends.high))
    assert interval.p == pytest.approx(wanted.pvalue)


@pytest.mark.parametrize("flips", [False, True], ids=["normal", "a few windows each"])
def test_nothing_is_called_a_loss_as_rarely_as_the_level_says(flips: bool) -> None:
    """Two equally good models, the eight subjects of a fold."""
    random, count = np.random.default_rng(4), 3000
    losses = random.normal(0.0, 0.01, (count, 8))
    if flips:
        losses = np.diff(random.binomial(20, 0.1, (2, count, 8)), axis=0)[0] / 300.0
    alarms = sum(mean_over_subjects(dict(enumerate(loss))).p <= 0.05 for loss in losses)
    assert alarms <= stats.binom.ppf(1.0 - 1e-4, count, 0.05)


def test_without_any_spread_over_subjects_the_mean_is_sure() -> None:
    assert mean_over_subjects({1: 0.0, 2: 0.0}) == Interval(0.0, 0.0, 0.0, 1.0)
    assert mean_over_subjects({1: 0.5, 2: 0.5}) == Interval(0.5, 0.5, 0.5, 0.0)


def test_one_subject_says_nothing_of_others() -> None:
    with pytest.raises(MeasurementError, match="of \\[7\\] alone; wanted two subjects at least"):
        mean_over_subjects({7: 0.5})


def test_the_interval_does_not_depend_on_the_order_of_subjects() -> None:
    values = {3: 0.9, 1: 0.7, 2: 0.8}
    assert mean_over_subjects(values) == mean_over_subjects(dict(sorted(values.items())))


def test_what_both_models_have_in_common_cancels_in_the_difference() -> None:
    worse = {subject: 0.1 * subject for subject in range(1, 9)}
    better = {subject: value + 0.02 for subject, value in worse.items()}
    drop = difference(better, dict(reversed(worse.items())))
    assert (drop.mean, drop.low, drop.high) == pytest.approx((0.02, 0.02, 0.02))


def test_the_difference_of_other_subjects_is_refused() -> None:
    with pytest.raises(MeasurementError, match=r"\[2, 3\] in only one of two"):
        difference({1: 0.9, 2: 0.9}, {1: 0.9, 3: 0.9})


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.01, 0.04, "agrees"),
        (0.02, 0.03, "agrees"),
        (0.0, 0.019, "contradicts"),
        (0.031, 0.04, "contradicts"),
        (0.0, 0.02, "undecided"),
        (0.024, 0.026, "undecided"),
        (0.025, 0.1, "undecided"),
    ],
)
def test_a_claimed_range_against_an_interval(
    low: float, high: float, verdict: ClaimVerdict
) -> None:
    assert Interval(0.025, 0.02, 0.03).against(low, high) == verdict


def test_an_interval_reads_as_one() -> None:
    assert str(Interval(0.0251, -0.02, 0.03)) == "+0.0251 (-0.0200 to +0.0300)"


def test_table_3_has_a_verdict_for_each_variant() -> None:
    assert set(published().table3) == set(NETWORKS)
    assert all(set(row) == {"L", "D", "F"} for row in published().table3.values())
    refused = [
        f"{n}-{t}" for n, row in published().table3.items() for t, fit in row.items() if not fit
    ]
    assert sorted(refused) == [
        "CL_1-L", "CL_2-L", "CL_3-L", "CL_4-L", "CL_5-L", "CL_6-L", "C_6-L", "C_7-L", "C_8-L",
    ]  # fmt: skip


def test_table_2_and_the_text_are_as_printed() -> None:
    assert published().table2 == {
        "C_3": {"base": 0.887, "L": 0.884, "D": 0.888, "F": 0.858},
        "CL_3": {"base": 0.918, "L": 0.917, "D": 0.922, "F": 0.902},
    }
    drop = published().full_integer_accuracy_drop
    assert (drop.low, drop.high) == (0.02, 0.03)
