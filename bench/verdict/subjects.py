"""Differences of accuracy judged by how they vary between subjects.

Windows of one person are alike, so a person's mean is one observation, and an interval comes from
the persons. They are few, seven or eight in a fold, so it is Student's t interval: a percentile
bootstrap of so few misses the true mean two to three times as often as it says. Differences are
taken within each person, who has seen both models.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from bench.errors import MeasurementError
from bench.verdict.published import ClaimVerdict


@dataclass(frozen=True)
class Interval:
    """A mean over subjects with its confidence interval.

    Attributes:
        mean: Over subjects.
        low: Lower end of the interval.
        high: Upper end.
        p: Two-sided, of a mean of zero.
    """

    mean: float
    low: float
    high: float
    p: float = 1.0

    def against(self, low: float, high: float) -> ClaimVerdict:
        """Whether a claim that the truth lies from `low` to `high` agrees with this interval."""
        if self.high < low or self.low > high:
            return "contradicts"
        return "agrees" if low <= self.low and self.high <= high else "undecided"

    def __str__(self) -> str:
        return f"{self.mean:+.4f} ({self.low:+.4f} to {self.high:+.4f})"


def mean_over_subjects(values: Mapping[int, float], level: float = 0.05) -> Interval:
    """Mean of one value for each subject, with Student's t interval of confidence 1 - `level`.

    Raises:
        MeasurementError: There is one subject alone, which says nothing of others.
    """
    by_subject = np.array(list(values.values()))
    mean, count = math.fsum(by_subject) / len(by_subject), len(by_subject)
    if count < 2:
        raise MeasurementError(
            f"accuracies by subject: of {list(values)} alone; wanted two subjects at least: one "
            "says nothing of others"
        )
    error = float(by_subject.std(ddof=1)) / math.sqrt(count)
    if error == 0.0:
        return Interval(mean, mean, mean, float(mean == 0.0))
    reach = error * float(stats.t.isf(level / 2.0, count - 1))
    p = float(2.0 * stats.t.sf(abs(mean) / error, count - 1))
    return Interval(mean, mean - reach, mean + reach, p)


def difference(
    better: Mapping[int, float], worse: Mapping[int, float], level: float = 0.05
) -> Interval:
    """How much `better` exceeds `worse`, both by subject.

    Raises:
        MeasurementError: The subjects are not the same, or are fewer than two.
    """
    if alone := better.keys() ^ worse.keys():
        raise MeasurementError(
            f"accuracies by subject: {sorted(alone)} in only one of two; wanted the same subjects: "
            "run both on one data set and fold"
        )
    by_subject = {subject: better[subject] - worse[subject] for subject in better}
    return mean_over_subjects(by_subject, level=level)
