"""What is measured, as exact functions of the errors that a station may have.

A `Measurand` is a function of named errors, each zero in an ideal station, and the `Spread` of
each. The same function is evaluated with uncertain numbers (`bench.measurement.uncertainty`) and
with arrays of draws (`bench.measurement.montecarlo`), so both answer the same question.

With a reading r of a voltage x as ``r = (1 + gain) x + offset``, a shunt of ``(1 + e) R`` and a
sampling rate ``(1 + t)`` times the nominal one, the integrals of a window give its energy without
going back to the trace. Errors of a station are common to all that it measures and cancel, as far
as they do, in a saving; warming, drift, noise, edges and repeatability belong to one run, and so
does the part of the nonlinearity that differs where a second run has other readings than the first.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any, TypeAlias

from bench.errors import MeasurementError
from bench.measurement.energy import WindowEnergy
from bench.measurement.figures import ChannelFigures, Figures, Spread

Quantity: TypeAlias = Any
"""A float, an array of draws or an uncertain number: whatever arithmetic works on."""
Errors: TypeAlias = Mapping[str, Quantity]
Spreads: TypeAlias = dict[str, Spread]

SHUNT, DECOUPLING, TIME_BASE = "shunt resistance", "decoupling capacitance", "time base"
RISE, FALL, SKEW = "rising edge", "falling edge", "channel skew"
EDGE_NOISE, REPEATABILITY, DRIFT = "noise at the edges", "repeatability", "drift between readings"
SUPPLY, SHUNT_VOLTAGE = "supply channel", "shunt channel"
TEMPERATURE = " temperature"
"""After the name of an error: what temperature adds to it since the calibration."""
WARMING = " warming"
"""Likewise: what it adds in one run and not in another of the same session."""
OFFSETS = (
    "offset", "offset" + TEMPERATURE, "linearity", "bend", "drift", "noise", "quantisation"
)  # fmt: skip
"""What acts as an offset of a channel; `bend`: linearity at other readings than the first run's."""
IDLE, REFERENCE = " (idle)", " (reference)"

BEND = 2.6
"""A nonlinearity that is zero at both ends of the range changes by at most so many times its peak
over one full scale: a bow 1 - u u by 2, a wave u (1 - u u) by sqrt(27) / 2."""

EDGE_SAMPLES = 0.5
"""An edge lies anywhere between two samples: half-width about the interpolated crossing."""

SKEW_SAMPLES = 1.0
"""Channels of a scan are converted one after the other, all within one sampling interval."""


@dataclass(frozen=True)
class Run:
    """Windows of one variant on one station.

    Attributes:
        windows: At least one; all with the same circuit and number of inferences.
        inferences: In each window.
        idle: Stretches of waiting, measured before and after, or none.
        power_cycles: In which the windows were measured, the same number in each, in order.

    Raises:
        MeasurementError: It is none of that.
    """

    windows: Sequence[WindowEnergy]
    inferences: int
    idle: Sequence[WindowEnergy] = ()
    power_cycles: int = 1

    def __post_init__(self) -> None:
        circuits = {window.circuit for window in (*self.windows, *self.idle)}
        if not self.windows or self.inferences < 1 or len(circuits) != 1:
            raise MeasurementError(
                f"run: {len(self.windows)} windows of {self.inferences} inferences with "
                f"{len(circuits)} circuits; wanted at least one window and inference, one circuit"
            )
        if self.power_cycles < 1 or len(self.windows) % self.power_cycles:
            raise MeasurementError(
                f"run: {len(self.windows)} windows in {self.power_cycles} power cycles; wanted "
                "the same number of windows in each"
            )

    @property
    def replicates(self) -> list[float]:
        """Independent energies of a window in J: the power cycles' means if there are several.

        Windows of one power cycle have more in common with each other than with those of another.
        """
        energies = [window.energy for window in self.windows]
        if self.power_cycles == 1:
            return energies
        each = len(energies) // self.power_cycles
        return [fmean(energies[first : first + each]) for first in range(0, len(energies), each)]


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
    value: Callable[[Errors], Quantity]


def gross_energy(run: Run, figures: Figures) -> Measurand:
    """Energy of one inference in J."""
    spreads = _station_spreads(figures) | _run_spreads(run, figures)
    return Measurand("energy of one inference", "J", spreads, lambda e: _gross(run, e))


def energy_above_idle(run: Run, figures: Figures) -> Measurand:
    """Energy of one inference in J, less what waiting would have taken in the same time.

    Raises:
        MeasurementError: The run has no idle reading.
    """
    if not run.idle:
        raise MeasurementError("run: no idle reading; wanted at least one; measure the idle device")
    idle = _idle_spreads(run.idle, figures) | _bend_spreads(run.idle, run.windows, figures)
    spreads = _station_spreads(figures) | _run_spreads(run, figures) | _suffixed(idle, IDLE)

    def value(errors: Errors) -> Quantity:
        seconds = _Mean.of(run.windows).seconds / (1.0 + errors[TIME_BASE])
        idle_power = _mean_power(run.idle, _view(errors, IDLE)) + errors[DRIFT + IDLE]
        return _gross(run, errors) - idle_power * seconds / run.inferences

    return Measurand("energy of one inference above idle", "J", spreads, value)


def idle_power(run: Run, figures: Figures) -> Measurand:
    """Power in W while waiting; `MeasurementError` if the run has no idle reading."""
    if not run.idle:
        raise MeasurementError("run: no idle reading; wanted at least one; measure the idle device")
    return mean_power("idle power", run.idle, figures)


def mean_power(name: str, stretches: Sequence[WindowEnergy], figures: Figures) -> Measurand:
    """Mean power in W over stretches of one circuit that ought to be alike; at least one."""
    spreads = _station_spreads(figures) | _idle_spreads(stretches, figures)
    return Measurand(name, "W", spreads, lambda e: _mean_power(stretches, e) + e[DRIFT])


def mean_current(run: Run, figures: Figures) -> Measurand:
    """Mean current through the shunt in A, for comparison with the supply's own reading."""
    spreads = _station_spreads(figures) | _sampling_spreads(run.windows, figures)
    mean = _Mean.of(run.windows)

    def value(errors: Errors) -> Quantity:
        offset = _offset(SHUNT_VOLTAGE, errors)
        voltage = (mean.shunt / mean.seconds - offset) / _warm(f"{SHUNT_VOLTAGE} gain", errors)
        return voltage / (mean.ohm * _warm(SHUNT, errors))

    return Measurand("mean current", "A", spreads, value)


def saving(reference: Run, run: Run, figures: Figures) -> Measurand:
    """Share of the reference's energy of one inference that `run` saves, on the same station."""
    bend = _bend_spreads(reference.windows, run.windows, figures)
    spreads = (
        _station_spreads(figures)
        | _run_spreads(run, figures)
        | _suffixed(_run_spreads(reference, figures) | bend, REFERENCE)
    )
    return Measurand(
        "energy saved",
        "1",
        spreads,
        lambda e: 1.0 - _gross(run, e) / _gross(reference, _view(e, REFERENCE)),
    )


@dataclass(frozen=True)
class _Mean:
    """Means over windows of what their energy is a linear function of."""

    ohm: float
    samples: float
    seconds: float
    supply: float
    shunt: float
    product: float
    square: float
    stored: float
    energy: float
    power_step: float

    @classmethod
    def of(cls, windows: Sequence[WindowEnergy]) -> "_Mean":
        names = ("samples", "seconds", "supply", "shunt", "product", "square", "stored", "energy")
        means = {name: fmean(getattr(window, name) for window in windows) for name in names}
        step = fmean(window.end.power - window.begin.power for window in windows)
        ohm = windows[0].circuit.shunt
        return cls(ohm=ohm, power_step=step / ohm, **means)


def _gross(run: Run, errors: Errors) -> Quantity:
    mean = _Mean.of(run.windows)
    sampling = mean.seconds / mean.samples / (1.0 + errors[TIME_BASE])
    edges = mean.energy / mean.seconds * (errors[FALL] - errors[RISE])
    skew = mean.power_step * errors[SKEW]
    energy = _energy(mean, errors) + (edges + skew) * sampling
    return (energy + errors[REPEATABILITY]) / run.inferences


def _energy(mean: _Mean, errors: Errors) -> Quantity:
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


def _mean_power(windows: Sequence[WindowEnergy], errors: Errors) -> Quantity:
    mean = _Mean.of(windows)
    return _energy(mean, errors) * (1.0 + errors[TIME_BASE]) / mean.seconds


def _warm(name: str, errors: Errors) -> Quantity:
    """The factor that a relative error and what temperature adds to it make."""
    return 1.0 + errors[name] + errors[name + TEMPERATURE] + errors[name + WARMING]


def _offset(channel: str, errors: Errors) -> Quantity:
    return sum(errors[f"{channel} {part}"] for part in OFFSETS)


def _station_spreads(figures: Figures) -> Spreads:
    spreads = {
        SHUNT: figures.shunt,
        SHUNT + TEMPERATURE: figures.shunt_temperature,
        DECOUPLING: figures.decoupling,
        TIME_BASE: figures.time_base,
    }
    for name, channel in _channels(figures):
        spreads[f"{name} gain"] = channel.gain
        spreads[f"{name} gain{TEMPERATURE}"] = channel.gain_temperature
        spreads[f"{name} offset"] = channel.offset
        spreads[f"{name} offset{TEMPERATURE}"] = channel.offset_temperature
        spreads[f"{name} linearity"] = channel.linearity
    return spreads


def _run_spreads(run: Run, figures: Figures) -> Spreads:
    count = len(run.replicates)
    scatter = stdev(run.replicates) if count > 1 else 0.0
    return _sampling_spreads(run.windows, figures) | {
        RISE: Spread(EDGE_SAMPLES, "rectangular"),
        FALL: Spread(EDGE_SAMPLES, "rectangular"),
        SKEW: Spread(SKEW_SAMPLES, "rectangular"),
        REPEATABILITY: Spread(scatter / math.sqrt(count), "normal", max(1, count - 1)),
    }


def _idle_spreads(idle: Sequence[WindowEnergy], figures: Figures) -> Spreads:
    powers = [window.mean_power for window in idle]
    drift = Spread((max(powers) - min(powers)) / 2.0, "rectangular")
    return _sampling_spreads(idle, figures) | {DRIFT: drift}


def _sampling_spreads(windows: Sequence[WindowEnergy], figures: Figures) -> Spreads:
    """Errors of means over all samples of all windows."""
    count = sum(window.samples for window in windows)
    spreads: Spreads = {SHUNT + WARMING: figures.shunt_warming}
    for name, channel in _channels(figures):
        spreads[f"{name} gain{WARMING}"] = channel.gain_warming
        spreads[f"{name} bend"] = Spread(0.0, "rectangular")
        spreads[f"{name} drift"] = channel.drift
        spreads[f"{name} noise"] = Spread(channel.noise / math.sqrt(count), "normal")
        spreads[f"{name} quantisation"] = Spread(_quantisation(channel, count), "normal")
    noise = math.hypot(figures.supply.noise, figures.shunt_voltage.noise)
    charge = windows[0].circuit.decoupling * windows[0].end.device
    edge_noise = charge * noise * math.sqrt(2.0 / len(windows))
    return spreads | {EDGE_NOISE: Spread(edge_noise, "normal")}


def _bend_spreads(
    windows: Sequence[WindowEnergy], first: Sequence[WindowEnergy], figures: Figures
) -> Spreads:
    """How far the nonlinearity may differ between two runs, by how far their readings do."""
    here, there = _Mean.of(windows), _Mean.of(first)
    apart = {
        SUPPLY: here.supply / here.seconds - there.supply / there.seconds,
        SHUNT_VOLTAGE: here.shunt / here.seconds - there.shunt / there.seconds,
    }
    return {
        f"{name} bend": Spread(
            BEND * channel.linearity.standard * abs(apart[name]) / channel.full_scale, "normal"
        )
        for name, channel in _channels(figures)
    }


def _channels(figures: Figures) -> tuple[tuple[str, ChannelFigures], ...]:
    return (SUPPLY, figures.supply), (SHUNT_VOLTAGE, figures.shunt_voltage)


def _quantisation(channel: ChannelFigures, count: float) -> float:
    """Standard uncertainty in V that rounding leaves in the mean of `count` noisy readings.

    Independent errors of a twelfth of a step squared each, and what the noise (the dither) leaves
    of their mean: Widrow and Kollar, "Quantization Noise", Cambridge 2008, chapter 19.
    """
    random = channel.step / math.sqrt(12.0 * count)
    dither = math.exp(-2.0 * (math.pi * channel.noise / channel.step) ** 2)
    return math.hypot(random, channel.step / (math.sqrt(2.0) * math.pi) * dither)


def _suffixed(spreads: Spreads, suffix: str) -> Spreads:
    return {name + suffix: spread for name, spread in spreads.items()}


def _view(errors: Errors, suffix: str) -> Errors:
    """The errors as a run sees them whose own ones bear `suffix`."""
    own = {name.removesuffix(suffix): e for name, e in errors.items() if name.endswith(suffix)}
    return {**errors, **own}
