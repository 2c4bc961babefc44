"""What is measured, as exact functions of the errors that a station may have.

A `Measurand` is a function of named errors, each zero in an ideal station, and the `Spread` of
each. The same function is evaluated with uncertain numbers (`bench.measurement.uncertainty`) and
with arrays of draws (`bench.measurement.montecarlo`), so both answer the same question.

With a reading r of a voltage x as ``r = (1 + gain) x + offset``, a shunt of ``(1 + e) R`` and a
sampling rate ``(1 + t)`` times the nominal one, the integrals of a window give its energy without
going back to the trace. `bench.measurement.spreads` says which errors there are.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from bench.errors import MeasurementError
from bench.measurement.energy import WindowEnergy
from bench.measurement.figures import Figures
from bench.measurement.repeated import Mean, Series
from bench.measurement.spreads import (
    DECOUPLING,
    DRIFT,
    EDGE_NOISE,
    FALL,
    IDLE,
    OFFSETS,
    REFERENCE,
    REPEATABILITY,
    RISE,
    SHUNT,
    SHUNT_VOLTAGE,
    SKEW,
    SUPPLY,
    TEMPERATURE,
    TIME_BASE,
    WARMING,
    Spreads,
    bend_spreads,
    idle_spreads,
    sampling_spreads,
    series_spreads,
    station_spreads,
)

Number: TypeAlias = Any
"""A float, an array of draws or an uncertain number: whatever arithmetic works on."""
Errors: TypeAlias = Mapping[str, Number]


@dataclass(frozen=True)
class Measurand:
    """Something to be measured.

    Attributes:
        name: For people.
        unit: Of its value, ``1`` for none.
        spreads: Every error that it depends on, by name.
        value: The measurand, given a value for each of these errors.
    """

    name: str
    unit: str
    spreads: Spreads
    value: Callable[[Errors], Number]


def gross_energy(series: Series, figures: Figures) -> Measurand:
    """Energy of one inference in J."""
    spreads = station_spreads(figures) | series_spreads(series, figures)
    return Measurand("energy of one inference", "J", spreads, lambda e: _gross(series, e))


def energy_above_idle(series: Series, figures: Figures) -> Measurand:
    """Energy of one inference in J, less what waiting would have taken in the same time.

    Raises:
        MeasurementError: The series has no idle reading.
    """
    if not series.idle:
        raise MeasurementError(
            "series: no idle reading; wanted at least one; measure the idle device"
        )
    idle = idle_spreads(series.idle, figures) | bend_spreads(series.idle, series.windows, figures)
    spreads = station_spreads(figures) | series_spreads(series, figures) | _suffixed(idle, IDLE)

    def value(errors: Errors) -> Number:
        seconds = Mean.of(series.windows).seconds / (1.0 + errors[TIME_BASE])
        idle_power = _mean_power(series.idle, _view(errors, IDLE)) + errors[DRIFT + IDLE]
        return _gross(series, errors) - idle_power * seconds / series.inferences

    return Measurand("energy of one inference above idle", "J", spreads, value)


def idle_power(series: Series, figures: Figures) -> Measurand:
    """Power in W while waiting; `MeasurementError` if the series has no idle reading."""
    if not series.idle:
        raise MeasurementError(
            "series: no idle reading; wanted at least one; measure the idle device"
        )
    return mean_power("idle power", series.idle, figures)


def mean_power(name: str, stretches: Sequence[WindowEnergy], figures: Figures) -> Measurand:
    """Mean power in W over stretches of one circuit that ought to be alike; at least one."""
    spreads = station_spreads(figures) | idle_spreads(stretches, figures)
    return Measurand(name, "W", spreads, lambda e: _mean_power(stretches, e) + e[DRIFT])


def mean_current(series: Series, figures: Figures) -> Measurand:
    """Mean current through the shunt in A, for comparison with the supply's own reading."""
    spreads = station_spreads(figures) | sampling_spreads(series.windows, figures)
    mean = Mean.of(series.windows)

    def value(errors: Errors) -> Number:
        offset = _offset(SHUNT_VOLTAGE, errors)
        voltage = (mean.shunt / mean.seconds - offset) / _warm(f"{SHUNT_VOLTAGE} gain", errors)
        return voltage / (mean.ohm * _warm(SHUNT, errors))

    return Measurand("mean current", "A", spreads, value)


def saving(reference: Series, series: Series, figures: Figures) -> Measurand:
    """Share of the reference's energy of one inference that `series` saves, on the same station."""
    bend = bend_spreads(reference.windows, series.windows, figures)
    spreads = (
        station_spreads(figures)
        | series_spreads(series, figures)
        | _suffixed(series_spreads(reference, figures) | bend, REFERENCE)
    )
    return Measurand(
        "energy saved",
        "1",
        spreads,
        lambda e: 1.0 - _gross(series, e) / _gross(reference, _view(e, REFERENCE)),
    )


def _gross(series: Series, errors: Errors) -> Number:
    mean = Mean.of(series.windows)
    sampling = mean.seconds / mean.samples / (1.0 + errors[TIME_BASE])
    edges = mean.energy / mean.seconds * (errors[FALL] - errors[RISE])
    skew = mean.power_step * errors[SKEW]
    energy = _energy(mean, errors) + (edges + skew) * sampling
    return (energy + errors[REPEATABILITY]) / series.inferences


def _energy(mean: Mean, errors: Errors) -> Number:
    """Energy in J that the device took between the edges, corrected for `errors`.

    The integral of (s - v) v with s = (S - a) / g and v = (V - b) / h, S and V the readings.
    """
    g, a = _warm(f"{SUPPLY} gain", errors), _offset(SUPPLY, errors)
    h, b = _warm(f"{SHUNT_VOLTAGE} gain", errors), _offset(SHUNT_VOLTAGE, errors)
    crossed = (mean.product - b * mean.supply - a * mean.shunt + a * b * mean.seconds) / (g * h)
    squared = (mean.square - 2.0 * b * mean.shunt + b * b * mean.seconds) / (h * h)
    ohm = mean.ohm * _warm(SHUNT, errors)
    passed = (crossed - squared) / (ohm * (1.0 + errors[TIME_BASE]))
    return passed - mean.stored * (1.0 + errors[DECOUPLING]) - errors[EDGE_NOISE]


def _mean_power(windows: Sequence[WindowEnergy], errors: Errors) -> Number:
    mean = Mean.of(windows)
    return _energy(mean, errors) * (1.0 + errors[TIME_BASE]) / mean.seconds


def _warm(name: str, errors: Errors) -> Number:
    """The factor that a relative error and what temperature adds to it make."""
    return 1.0 + errors[name] + errors[name + TEMPERATURE] + errors[name + WARMING]


def _offset(channel: str, errors: Errors) -> Number:
    return sum(errors[f"{channel} {part}"] for part in OFFSETS)


def _suffixed(spreads: Spreads, suffix: str) -> Spreads:
    return {name + suffix: spread for name, spread in spreads.items()}


def _view(errors: Errors, suffix: str) -> Errors:
    """The errors as a series sees them whose own ones bear `suffix`."""
    own = {name.removesuffix(suffix): e for name, e in errors.items() if name.endswith(suffix)}
    return {**errors, **own}
