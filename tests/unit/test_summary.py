"""The table of accuracies over folds."""

import numpy as np
import pytest

from models.accuracy import RuntimeAccuracy, SubjectScore
from models.summary import Evaluated, markdown, rows


def measured(correct: dict[int, int], windows: int = 100) -> Evaluated:
    scores = {s: SubjectScore(windows=windows, correct=c) for s, c in correct.items()}
    accuracy = sum(correct.values()) / (windows * len(correct))
    reference = RuntimeAccuracy(
        windows=windows * len(correct),
        accuracy=accuracy,
        interval=(accuracy, accuracy),
        per_subject=scores,
        confusion=((0,) * 6,) * 6,
    )
    return Evaluated(reference)


def test_the_mean_is_over_folds_and_the_spread_over_subjects() -> None:
    folds = [{"base": measured({1: 90, 2: 80})}, {"base": measured({3: 100})}]
    (row,) = rows("C_1", folds)
    assert row.accuracy.value == pytest.approx((0.85 + 1.0) / 2)
    assert row.folds == (0.85, 1.0)
    assert row.spread == pytest.approx(np.std([0.9, 0.8, 1.0], ddof=1))
    assert row.accuracy.low <= row.accuracy.value <= row.accuracy.high
    assert row.drop is None


def test_the_interval_comes_from_the_differences_between_subjects() -> None:
    alike = rows("C_1", [{"base": measured(dict.fromkeys(range(1, 9), 90))}])[0].accuracy
    assert (alike.low, alike.high) == (0.9, 0.9)
    unlike = rows("C_1", [{"base": measured({s: 60 + 5 * s for s in range(1, 9)})}])[0].accuracy
    # The mean of 65, 70 .. 100: standard error 12.25 / sqrt(8) = 4.33 points; t of 7 is 2.365.
    assert unlike.high - unlike.low == pytest.approx(2 * 2.365 * 0.0433, rel=0.1)


def test_what_base_and_technique_have_in_common_cancels_in_the_drop() -> None:
    base = {s: 60 + 5 * s for s in range(1, 9)}
    fold = {"base": measured(base), "F": measured({s: c - 2 for s, c in base.items()})}
    drop = rows("C_1", [fold])[1].drop
    assert drop is not None
    assert (drop.value, drop.low, drop.high) == pytest.approx((0.02, 0.02, 0.02))


def test_a_technique_that_failed_in_a_fold_has_no_row() -> None:
    one = measured({1: 90})
    names = [row.technique for row in rows("C_1", [{"base": one, "L": one}, {"base": one}])]
    assert names == ["base"]


def test_markdown_gives_percent_and_points() -> None:
    fold = {"base": measured({1: 90, 2: 90}), "L": measured({1: 89, 2: 89})}
    head, _, base, lite = markdown(rows("CL_3", [fold, fold])).splitlines()

    def cells(line: str) -> list[str]:
        return [cell.strip() for cell in line.strip("|").split("|")]

    assert cells(head)[:4] == ["network", "", "mean of 2 folds", "95 %"]
    assert cells(head)[5:7] == ["fold 0", "fold 1"]
    assert cells(base)[:4] == ["CL_3", "base", "90.00", "90.00 to 90.00"]
    assert cells(lite)[-3:] == ["+1.00", "+1.00 to +1.00", ""]
