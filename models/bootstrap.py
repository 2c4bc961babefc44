"""The bootstrap over subjects, behind every interval of an accuracy.

Windows of one person are alike, so it is persons that are drawn with replacement, each with all of
their windows: what is left to chance is whom a model will meet. That is the cluster bootstrap of
A. C. Davison and D. V. Hinkley, Bootstrap Methods and their Application, 1997, section 3.8; an
interval is that of percentiles (B. Efron and R. Tibshirani, An Introduction to the Bootstrap, 1993,
chapter 13). With the eight subjects of a fold it is somewhat too narrow.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

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


def percentile_interval(drawn: NDArray[np.float64], level: float = 0.05) -> tuple[float, float]:
    """Between its ends all but a share `level` of the `drawn` values lie; half on each."""
    low, high = np.quantile(drawn, (level / 2.0, 1.0 - level / 2.0))
    return float(low), float(high)
