"""Whether something became better or worse: the ratio of two sessions, with a confidence interval.

Replicates nest: windows lie in power cycles, power cycles in sessions. Windows of one power cycle
have more in common than those of two, so the power cycle is the top cluster, and its mean is one
observation. What a session as a whole adds (temperature, drift, contacts) no number of power cycles
in it can show; its spread comes from the history of earlier sessions or is declared.

Energies are compared by the difference of their logarithms. From six clusters on in each session
the interval is a studentised cluster bootstrap (B. Efron and R. Tibshirani, An Introduction to the
Bootstrap, 1993, chapters 8 and 12.5, symmetric); below that a bootstrap has too few distinct
resamples, and Welch's t on the clusters' logarithms takes its place (B. L. Welch, 1947, Biometrika
34, 28-35).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from bench.errors import MeasurementError

Floats = NDArray[np.float64]

BOOTSTRAP_CLUSTERS = 6
"""Clusters in each session from which on they are resampled."""
RESAMPLES = 9_999
LARGEST = 700.0
"""Largest logarithm of an interval's end: with few clusters it may lie anywhere."""
MANY = 1_000.0
"""Degrees of freedom beyond which t is the normal distribution for every purpose here."""


@dataclass(frozen=True)
class SessionSpread:
    """Relative standard deviation of a whole session's result about that of others.

    Attributes:
        relative: As a fraction of the result.
        source: Where it is from, for the report.
        dof: Degrees of freedom; infinite if it is declared.
    """

    relative: float
    source: str
    dof: float = math.inf


@dataclass(frozen=True)
class Replicates:
    """Positive values of one quantity in one session, by power cycle.

    Attributes:
        cycles: The values of each power cycle.
        reference: The same of the reference variant, measured in between, or none. Ratios of
            sessions are then ratios of ratios to it, so that a drift of the bench cancels.
    """

    cycles: tuple[tuple[float, ...], ...]
    reference: tuple[tuple[float, ...], ...] = ()

    @property
    def parts(self) -> list[Floats]:
        """Logarithms of the cluster means: of the variant and, if there is one, the reference."""
        own = _log_means(self.cycles)
        return [own, _log_means(self.reference)] if self.reference else [own]


@dataclass(frozen=True)
class Ratio:
    """A new value over an old one, with a confidence interval and the p-value of no change.

    A quantity that does not scatter, such as a size, has an interval of no width and a p-value of
    0 or 1.

    Attributes:
        value: Ratio of the geometric means of the clusters.
        low: Lower end of the interval.
        high: Upper end.
        p: Two-sided, of a ratio of 1.
        method: How interval and p were found.
    """

    value: float
    low: float
    high: float
    p: float
    method: str

    @classmethod
    def exact(cls, value: float) -> "Ratio":
        """Of a quantity that does not scatter."""
        return cls(value, value, value, float(value == 1.0), "exact")

    def within(self, margin: float) -> bool:
        """Whether the whole interval lies within a factor of 1 + `margin` of 1."""
        return 1.0 / (1.0 + margin) <= self.low and self.high <= 1.0 + margin


def ratio(
    new: Replicates, old: Replicates, between: SessionSpread, level: float, seed: int = 0
) -> Ratio:
    """`new` over `old` with an interval of confidence 1 - `level`.

    Args:
        new: At least two power cycles, as `old`; with a reference only if `old` has one too.
        old: The baseline's.
        between: Spread between sessions; counted for both.
        level: Error probability of the interval, two-sided.
        seed: Of the bootstrap.

    Raises:
        MeasurementError: Fewer than two power cycles, or a value that is not positive.
    """
    plus, minus = new.parts, old.parts
    groups = [*plus, *minus]
    signs = [1.0, -1.0][: len(plus)] + [-1.0, 1.0][: len(minus)]
    shared = 2.0 * between.relative**2
    difference = sum(s * float(g.mean()) for s, g in zip(signs, groups, strict=True))
    error = math.sqrt(_variance(groups) + shared)
    if error == 0.0:
        return Ratio.exact(_factor(difference))
    if min(map(len, groups)) >= BOOTSTRAP_CLUSTERS:
        draws = _bootstrap(groups, signs, difference, between, seed)
        reach = float(np.quantile(draws, 1.0 - level))
        p = (1 + int(np.sum(draws >= abs(difference) / error))) / (1 + len(draws))
        method = f"cluster bootstrap, {RESAMPLES} resamples"
    else:
        dof = _dof(groups, shared, between.dof)
        reach = float(stats.t.isf(level / 2.0, dof))
        p = float(2.0 * stats.t.sf(abs(difference) / error, dof))
        method = f"t with {f'{dof:.1f}' if dof < MANY else 'many'} degrees of freedom"
    low, high = difference - reach * error, difference + reach * error
    return Ratio(_factor(difference), _factor(low), _factor(high), p, method)


def session_spread(sessions: Sequence[Replicates]) -> SessionSpread:
    """The spread between sessions that history shows: of their means' logarithms.

    What varies within a session is in it too, so it errs on the large side.

    Raises:
        MeasurementError: Fewer than two sessions.
    """
    if len(sessions) < 2:
        raise MeasurementError(f"history: {len(sessions)} sessions; wanted at least two")
    means = [_level(session) for session in sessions]
    count = len(means)
    return SessionSpread(float(np.std(means, ddof=1)), f"{count} earlier sessions", count - 1.0)


def _level(session: Replicates) -> float:
    parts = session.parts
    return float(parts[0].mean()) - sum(float(part.mean()) for part in parts[1:])


def _log_means(cycles: Sequence[Sequence[float]]) -> Floats:
    if len(cycles) < 2 or any(not min(cycle, default=0.0) > 0.0 for cycle in cycles):
        raise MeasurementError(
            f"comparison: {len(cycles)} power cycles; wanted at least two, each with positive "
            "values: measure with --power-cycles 3 or more"
        )
    return np.log([float(np.mean(cycle)) for cycle in cycles])


def _factor(logarithm: float) -> float:
    """What it is the logarithm of, short of what a float cannot hold."""
    return math.exp(max(-LARGEST, min(logarithm, LARGEST)))


def _variance(groups: Sequence[Floats]) -> float:
    return sum(float(group.var(ddof=1)) / len(group) for group in groups)


def _dof(groups: Sequence[Floats], shared: float, shared_dof: float) -> float:
    """Welch and Satterthwaite's degrees of freedom of the sum of all variances."""
    variances = [float(group.var(ddof=1)) / len(group) for group in groups]
    squares = sum(v * v / (len(g) - 1) for v, g in zip(variances, groups, strict=True))
    squares += shared * shared / shared_dof
    total = sum(variances) + shared
    return total * total / squares if squares > 0.0 else math.inf


def _bootstrap(
    groups: Sequence[Floats],
    signs: Sequence[float],
    difference: float,
    between: SessionSpread,
    seed: int,
) -> Floats:
    """Absolute studentised differences of resampled clusters, (RESAMPLES,)."""
    random = np.random.default_rng(seed)
    centre = np.full(RESAMPLES, -difference)
    shared = math.sqrt(2.0) * between.relative
    variance = np.full(RESAMPLES, shared**2)
    for sign, group in zip(signs, groups, strict=True):
        drawn = group[random.integers(len(group), size=(RESAMPLES, len(group)))]
        centre += sign * drawn.mean(axis=1)
        variance += drawn.var(axis=1, ddof=1) / len(group)
    if math.isinf(between.dof):
        centre += random.normal(0.0, shared, RESAMPLES)
    else:
        centre += shared * random.standard_t(between.dof, RESAMPLES)
    tiny = np.finfo(float).tiny  # a resample of one cluster alone has no variance: counts as far
    return np.asarray(np.abs(centre) / np.sqrt(np.maximum(variance, tiny)))
