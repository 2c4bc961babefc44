"""What is compared with a baseline, and how each ratio is found."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.report.record import VariantRecord, WindowRecord
from bench.verdict.comparison import Ratio, Replicates, SessionSpread, ratio
from bench.verdict.subjects import difference

LEAST_ACCURACY = 1e-6
"""What an accuracy of zero counts as where it is divided by."""


@dataclass(frozen=True)
class Pair:
    """A variant in this run and in the baseline."""

    new: VariantRecord
    old: VariantRecord


@dataclass(frozen=True)
class ComparedQuantity:
    """Something to compare.

    Attributes:
        name: As records and limits call it.
        unit: Of its values.
        value: Of a record, or None where it has none.
        ratio: Of a pair, above 1 where it became worse, given spread between sessions and level.
        of_window: Of one window, where it is measured in windows.
        of_weights: Whether it changes with the weights alone, such as by another training.
    """

    name: str
    unit: str
    value: Callable[[VariantRecord], float | None]
    ratio: Callable[[Pair, SessionSpread, float], Ratio]
    of_window: Callable[[WindowRecord], float] | None = None
    of_weights: bool = False


def _scattering(
    name: str, unit: str, of_window: Callable[[WindowRecord], float]
) -> ComparedQuantity:
    def value(record: VariantRecord) -> float | None:
        windows = record.measurement.windows if record.measurement else ()
        return sum(map(of_window, windows)) / len(windows) if windows else None

    def of_pair(pair: Pair, between: SessionSpread, level: float) -> Ratio:
        return ratio(
            replicates(pair.new, of_window), replicates(pair.old, of_window), between, level
        )

    return ComparedQuantity(name, unit, value, of_pair, of_window)


def _exact(
    name: str, unit: str, value: Callable[[VariantRecord], float | None]
) -> ComparedQuantity:
    def of_pair(pair: Pair, _between: SessionSpread, _level: float) -> Ratio:
        new, old = value(pair.new), value(pair.old)
        assert new is not None
        assert old is not None
        return Ratio.exact(new / old)

    return ComparedQuantity(name, unit, value, of_pair)


def _accuracy(record: VariantRecord) -> float | None:
    return next((entry.accuracy for entry in record.accuracy if entry.per_subject), None)


def _accuracy_ratio(pair: Pair, _between: SessionSpread, level: float) -> Ratio:
    """The old accuracy over the new, with the interval over subjects, who have seen both."""
    new, old = (
        next(entry.per_subject for entry in record.accuracy if entry.per_subject)
        for record in (pair.new, pair.old)
    )
    if new == old:
        return Ratio.exact(1.0)
    lost = difference(old, new, level)
    mean = max(sum(new.values()) / len(new), LEAST_ACCURACY)
    low, high = 1.0 + lost.low / mean, 1.0 + lost.high / mean
    return Ratio(1.0 + lost.mean / mean, low, high, lost.p, "t over subjects")


QUANTITIES = (
    _scattering("energy", "J", lambda window: window.energy / window.inferences),
    _scattering("latency", "s", lambda window: window.device_seconds / window.inferences),
    _exact("bytes", "B", lambda record: record.model.size if record.model else None),
    _exact("arena", "B", lambda record: record.measurement.arena if record.measurement else None),
    ComparedQuantity("accuracy", "1", _accuracy, _accuracy_ratio, of_weights=True),
)


def replicates(record: VariantRecord, of_window: Callable[[WindowRecord], float]) -> Replicates:
    """What was measured of a quantity in the power cycles of a session."""
    assert record.measurement is not None
    return Replicates(
        _cycles(record.measurement.windows, of_window), _cycles(record.reference, of_window)
    )


def _cycles(
    windows: Sequence[WindowRecord], of_window: Callable[[WindowRecord], float]
) -> tuple[tuple[float, ...], ...]:
    cycles: dict[int, list[float]] = defaultdict(list)
    for window in windows:
        cycles[window.power_cycle].append(of_window(window))
    return tuple(map(tuple, cycles.values()))
