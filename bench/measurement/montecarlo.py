"""The uncertainty of a measurand by propagation of distributions (JCGM 101:2008)."""

from dataclasses import dataclass

import numpy as np

from bench.measurement.model import Measurand
from bench.measurement.uncertainty import COVERAGE

DRAWS = 100_000
"""Enough for the ends of a 95 % interval to within some per cent of its width (7.2.3)."""


@dataclass(frozen=True)
class Propagated:
    """What draws from all errors make of a measurand, in its unit.

    Attributes:
        mean: Of the values.
        standard: Their standard deviation.
        interval: The probabilistically symmetric 95 % interval.
    """

    mean: float
    standard: float
    interval: tuple[float, float]

    def covers(self, value: float) -> bool:
        """Whether `value` lies in the interval."""
        low, high = self.interval
        return low <= value <= high


def propagate(measurand: Measurand, seed: int, draws: int = DRAWS) -> Propagated:
    """Evaluate `measurand` for `draws` stations drawn from its errors' distributions.

    The same seed and number of draws give the same result.
    """
    random = np.random.default_rng(seed)
    errors = {name: spread.draw(random, draws) for name, spread in measurand.spreads.items()}
    values = np.asarray(measurand.value(errors), dtype=np.float64)
    tail = (1.0 - COVERAGE / 100.0) / 2.0
    low, high = np.quantile(values, [tail, 1.0 - tail])
    return Propagated(float(values.mean()), float(values.std(ddof=1)), (float(low), float(high)))
