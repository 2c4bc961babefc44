"""Differences of accuracy judged by how they vary between subjects.

A confidence interval is that of the bootstrap over subjects (`models.bootstrap`). Differences are
taken within each person, who has seen both models.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bench.errors import MeasurementError
from bench.verdict.published import ClaimVerdict
from models.bootstrap import percentile_interval, resampled


@dataclass(frozen=True)
class Interval:
    """A mean over subjects with its confidence interval.

    Attributes:
        mean: Over subjects.
        low: Lower end of the interval.
        high: Upper end.
        p: Two-sided, of a mean of zero: twice the share of resamples on zero's other side.
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


def mean_over_subjects(values: Mapping[int, float], seed: int = 0, level: float = 0.05) -> Interval:
    """Mean of one value for each subject, with a percentile bootstrap interval of 1 - `level`."""
    by_subject = np.array([values[subject] for subject in sorted(values)])
    each = np.ones(len(by_subject))
    means = resampled(by_subject, each, np.random.default_rng(seed))
    beyond = 1 + min(int(np.sum(means <= 0.0)), int(np.sum(means >= 0.0)))
    p = min(1.0, 2.0 * beyond / (1 + len(means)))
    return Interval(float(by_subject.mean()), *percentile_interval(means, level), p)


def difference(
    better: Mapping[int, float], worse: Mapping[int, float], level: float = 0.05
) -> Interval:
    """How much `better` exceeds `worse`, both by subject.

    Raises:
        MeasurementError: The subjects are not the same.
    """
    if alone := better.keys() ^ worse.keys():
        raise MeasurementError(
            f"accuracies by subject: {sorted(alone)} in only one of two; wanted the same subjects: "
            "run both on one data set and fold"
        )
    by_subject = {subject: better[subject] - worse[subject] for subject in better}
    return mean_over_subjects(by_subject, level=level)
