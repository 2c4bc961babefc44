"""The bootstrap over subjects, behind the intervals of accuracies.

Windows of one person are alike, so it is persons that are drawn with replacement, each with all of
their windows: what is left to chance is whom a model will meet. That is the cluster bootstrap of
A. C. Davison and D. V. Hinkley, Bootstrap Methods and their Application, 1997, section 3.8; an
interval is that of expanded percentiles (T. Hesterberg, 2015, The American Statistician 69,
371-386).
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

RESAMPLES = 10_000
"""Draws of subjects behind an interval."""


def resampled(
    sums: ArrayLike, counts: ArrayLike, random: np.random.Generator
) -> NDArray[np.float64]:
    """Means over subjects drawn anew: (RESAMPLES,).

    Args:
        sums: (n,) of what each subject adds to the mean: windows that are right, for example.
        counts: (n,) of how many each of these sums is.
        random: Draws the subjects; from the same state it draws the same ones.
    """
    total, count = np.asarray(sums), np.asarray(counts)
    chosen = random.integers(len(total), size=(RESAMPLES, len(total)))
    means: NDArray[np.float64] = total[chosen].sum(axis=1) / count[chosen].sum(axis=1)
    return means


def expanded_interval(drawn: NDArray[np.float64], groups: Sequence[int]) -> tuple[float, float]:
    """95 % confidence interval of a mean of which `drawn` are the resamples; see `tails`."""
    low, high = np.quantile(drawn, tails(groups))
    return float(low), float(high)


def tails(groups: Sequence[int]) -> tuple[float, float]:
    """The quantiles of bootstrap means between which 95 % confidence lies.

    Means of resamples of n scatter by sqrt((n - 1) / n) too little, and as if their spread were
    known: between their 2.5 % and 97.5 % quantiles the true mean lies in 89 % of cases for eight
    subjects. Quantiles further out make up for both. Of one subject alone they are the ends.

    Args:
        groups: Number of subjects in each group that is resampled for itself.
    """
    count = sum(groups)
    free = count - len(groups)
    if free < 1:
        return 0.0, 1.0
    tail = float(stats.norm.sf(stats.t.isf(0.025, free) * math.sqrt(count / free)))
    return tail, 1.0 - tail
