"""Differences of accuracy judged by how they vary between subjects.

Windows of one person are alike, so the persons are what a confidence interval resamples
(B. Efron and R. Tibshirani, An Introduction to the Bootstrap, 1993, chapter 8). Differences are
taken within each person, who has seen both models.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

RESAMPLES = 10_000
Agreement = Literal["agrees", "contradicts", "undecided"]


@dataclass(frozen=True)
class Interval:
    """A mean over subjects with its 95 % confidence interval."""

    mean: float
    low: float
    high: float

    def against(self, low: float, high: float) -> Agreement:
        """Whether a claim that the truth lies from `low` to `high` agrees with this interval."""
        if self.high < low or self.low > high:
            return "contradicts"
        return "agrees" if low <= self.low and self.high <= high else "undecided"

    def __str__(self) -> str:
        return f"{self.mean:+.4f} ({self.low:+.4f} to {self.high:+.4f})"


def mean_over_subjects(values: Mapping[int, float], seed: int = 0) -> Interval:
    """Mean of one value for each subject, with a percentile bootstrap interval."""
    by_subject = np.array([values[subject] for subject in sorted(values)])
    draws = np.random.default_rng(seed).integers(len(by_subject), size=(RESAMPLES, len(by_subject)))
    low, high = np.percentile(by_subject[draws].mean(axis=1), [2.5, 97.5])
    return Interval(float(by_subject.mean()), float(low), float(high))


def difference(better: Mapping[int, float], worse: Mapping[int, float]) -> Interval:
    """How much `better` exceeds `worse`, both by subject; the subjects must be the same."""
    return mean_over_subjects({subject: better[subject] - worse[subject] for subject in better})
