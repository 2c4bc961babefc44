"""The figures of a station's self-check: what each is, its limit, and what is wrong beyond it.

Functions of traces and readings, which `bench.run.doctor` takes. A check that is not passed carries
the `BenchError` that the same would be in a measurement.
"""

import math
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from bench.errors import BenchError, MeasurementError
from bench.measurement.figures import ChannelFigures
from bench.measurement.integrity import (
    FlatLineError,
    MarkerLevelError,
    TraceLimits,
    UnderVoltageError,
    check_movement,
    check_samples,
    lowest_voltage,
)
from bench.measurement.plausibility import Clocks, Currents
from bench.measurement.trace import Floats, Trace
from bench.measurement.windows import HYSTERESIS, Window

PHANTOM_VOLTAGE = 0.3
"""V that may be left at a device without power: a signal line that feeds it through a protection
diode leaves volts, a discharged capacitor millivolts."""

OPEN_LEAD = "a lead of the card floats: check the terminals of supply and shunt"

PHANTOM_OFFSETS = 10.0
"""A current with the output off is real from so many times the channel's own offset on."""

ZERO_DEVIATIONS = 3.0
"""Standard uncertainties by which a zero may be off. Up to three rectangular influences together
never exceed it (their sum is at most the root of 3 times the root of their squares' sum), so no
sound card fails."""

NOISE_FACTOR = 2.0
"""Noise may be so many times what is declared: what mains and switching supplies add on a good
bench; the noise's own part of an energy's uncertainty is still a few millionths then."""

EDGE_SAMPLES = 2
"""Samples beside an edge that belong to neither level."""


class PhantomSupplyError(MeasurementError):
    """Something feeds the device while the supply's output is off."""


class OpenLeadError(MeasurementError):
    """A channel shows what no circuit behind a switched-off supply can: its lead floats."""


class OffsetError(MeasurementError):
    """A channel reads something else than zero where there is nothing."""


class NoiseError(MeasurementError):
    """A channel is noisier than is declared of it."""


class Verdict(StrEnum):
    """What came of a check."""

    OK = "ok"
    FAILED = "failed"
    NOT_POSSIBLE = "not possible"


@dataclass(frozen=True)
class Check:
    """One figure of a station beside its limit.

    Attributes:
        name: What was looked at.
        verdict: What came of it.
        note: What was seen, in words; why a check was not possible.
        figure: What was found, in `unit`; None where it is no number.
        limit: What it may be at most in absolute value, or at least; in `unit`.
        unit: SI unit, ``1`` for a ratio; empty without a figure.
        margin: What is left to the limit, in `unit`; negative beyond it.
        error: What is wrong and what to do; None unless the check failed.
    """

    name: str
    verdict: Verdict
    note: str = ""
    figure: float | None = None
    limit: float | None = None
    unit: str = ""
    margin: float | None = None
    error: BenchError | None = None


def seen(name: str, note: str) -> Check:
    """A check that is passed because something was seen."""
    return Check(name, Verdict.OK, note)


def failed(name: str, error: BenchError) -> Check:
    """A check that ended in an error."""
    return Check(name, Verdict.FAILED, error=error)


def not_possible(name: str, why: str) -> Check:
    """A check that there was no way to make."""
    return Check(name, Verdict.NOT_POSSIBLE, why)


def at_most(
    name: str, figure: float, limit: float, unit: str, error: BenchError, note: str = ""
) -> Check:
    """Passed if the absolute value of `figure` is at most `limit`; `error` is meant if not."""
    return _judged(name, figure, limit, unit, limit - abs(figure), error, note)


def at_least(
    name: str, figure: float, limit: float, unit: str, error: BenchError, note: str = ""
) -> Check:
    """Passed if `figure` is at least `limit`; `error` is meant if not."""
    return _judged(name, figure, limit, unit, figure - limit, error, note)


def _judged(
    name: str, figure: float, limit: float, unit: str, margin: float, error: BenchError, note: str
) -> Check:
    if margin >= 0.0:
        return Check(name, Verdict.OK, note, figure, limit, unit, margin)
    return Check(name, Verdict.FAILED, note, figure, limit, unit, margin, error)


def phantom_voltage(name: str, trace: Trace) -> Check:
    """The voltage at the device while the output is off, from a `trace` of then."""
    volts = float(np.mean(trace.supply) - np.mean(trace.shunt))
    what = f"device: {volts:.3g} V with the supply's output off, wanted at most {PHANTOM_VOLTAGE} V"
    error = (
        PhantomSupplyError(
            f"{what}; something else feeds it: unplug the board's USB cable, and see that the "
            "serial adapter's TX cannot drive an unpowered chip; or a lead of the card has come off"
        )
        if volts > 0.0
        else OpenLeadError(f"{what}; {OPEN_LEAD}")
    )
    return at_most(name, volts, PHANTOM_VOLTAGE, "V", error)


def phantom_current(name: str, trace: Trace, shunt: ChannelFigures, ohms: float) -> Check:
    """The current through the shunt of `ohms` while the output is off."""
    amps = float(np.mean(trace.shunt)) / ohms
    limit = PHANTOM_OFFSETS * ZERO_DEVIATIONS * _zero_standard(shunt, len(trace)) / ohms
    what = (
        f"shunt: {amps * 1e3:.3g} mA with the supply's output off, wanted at most "
        f"{limit * 1e3:.2g} mA"
    )
    error = (
        PhantomSupplyError(
            f"{what}; something else feeds the device or the supply: see what is connected on "
            "either side of the shunt"
        )
        if float(np.mean(trace.supply)) > PHANTOM_VOLTAGE
        else OpenLeadError(f"{what}, and no voltage that would drive it; {OPEN_LEAD}")
    )
    return at_most(name, amps, limit, "A", error)


def zero(name: str, channel: str, samples: Floats, figures: ChannelFigures) -> Check:
    """A channel's mean while nothing is there, against its offset as declared."""
    mean = float(np.mean(samples))
    limit = ZERO_DEVIATIONS * _zero_standard(figures, len(samples))
    return at_most(
        name,
        mean,
        limit,
        "V",
        OffsetError(
            f"{channel}: {mean * 1e6:.4g} uV with the output off, wanted at most "
            f"{limit * 1e6:.3g} uV; calibrate the card (self-calibration in NI MAX), and check "
            "this channel's leads and ground"
        ),
    )


def noise(name: str, channel: str, samples: Floats, figures: ChannelFigures) -> Check:
    """A channel's random noise while nothing is there, against what is declared of it."""
    rms = float(np.std(samples, ddof=1))
    limit = NOISE_FACTOR * math.hypot(figures.noise, figures.step / math.sqrt(12.0))
    try:
        check_movement(channel, samples)
    except FlatLineError as error:
        return Check(name, Verdict.FAILED, "", rms, limit, "V", limit - rms, error)
    return at_most(
        name,
        rms,
        limit,
        "V",
        NoiseError(
            f"{channel}: {rms * 1e6:.4g} uV rms of noise with the output off, wanted at most "
            f"{limit * 1e6:.3g} uV; shorten and twist this channel's leads, keep them from mains "
            "and switching supplies, and check the ground"
        ),
    )


def _zero_standard(figures: ChannelFigures, samples: int) -> float:
    """Standard uncertainty in V of a mean of so many samples of nothing."""
    random = math.hypot(figures.noise, figures.step / math.sqrt(12.0)) / math.sqrt(samples)
    spreads = (figures.offset, figures.offset_temperature, figures.linearity, figures.drift)
    return math.hypot(*(spread.standard for spread in spreads), random)


def shunt_against_supply(name: str, currents: Currents) -> Check:
    """The En score of the current through the shunt, and the drift that it would show."""
    score = currents.score
    note = (
        f"{currents.measured * 1e3:.4g} mA by the shunt, {currents.reading * 1e3:.4g} mA by the "
        f"supply; finds a drift of shunt or gain from {currents.detectable:.2%} on (95 %)"
    )
    verdict = Verdict.OK if currents.error is None else Verdict.FAILED
    return Check(name, verdict, note, score, 1.0, "1", 1.0 - abs(score), currents.error)


def clocks_agree(name: str, clocks: Clocks) -> Check:
    """The card's clock against the device's timer."""
    ratio, limit = clocks.ratio, clocks.allowed
    verdict = Verdict.OK if clocks.error is None else Verdict.FAILED
    return Check(name, verdict, "", ratio, limit, "1", limit - abs(ratio), clocks.error)


def samples(name: str, trace: Trace, limits: TraceLimits) -> Check:
    """Whether the samples of a window are complete and sound; its voltage is another check.

    Raises:
        MeasurementError: One of the kinds of `check_samples`.
    """
    check_samples(trace, replace(limits, minimum_voltage=-math.inf))
    count = float(len(trace))
    return Check(name, Verdict.OK, "samples complete, sound", count, limits.samples, "1", 0.0)


def device_voltage(name: str, trace: Trace, minimum: float) -> Check:
    """The lowest voltage across the device while it infers, against its `minimum` in V."""
    _, volts = lowest_voltage(trace)
    return at_least(
        name,
        volts,
        minimum,
        "V",
        UnderVoltageError(
            f"device: {volts:.4g} V while it infers, wanted at least {minimum:g} V; raise the "
            "supply's voltage or take a smaller shunt"
        ),
    )


def marker_levels(
    low: str, high: str, trace: Trace, window: Window, threshold: float
) -> list[Check]:
    """How far the marker's two levels, the worst sample of each, are from its threshold in V."""
    begin, end = round(window.begin), round(window.end)
    inside = trace.marker[begin + EDGE_SAMPLES : end - EDGE_SAMPLES]
    outside = np.concatenate(
        [trace.marker[: begin - EDGE_SAMPLES], trace.marker[end + EDGE_SAMPLES :]]
    )
    highest, lowest = float(outside.max()), float(inside.min())
    below, above = threshold * (1.0 - HYSTERESIS), threshold * (1.0 + HYSTERESIS)
    advice = "check the marker's pin, cable and ground, and [digitizer] marker_threshold"
    return [
        _judged(
            low, highest, below, "V", below - highest,
            MarkerLevelError(
                f"marker: up to {highest:.3g} V while low, wanted at most {below:.3g} V; {advice}"
            ), "",
        ),
        at_least(
            high, lowest, above, "V",
            MarkerLevelError(
                f"marker: down to {lowest:.3g} V while high, wanted {above:.3g} V or more; {advice}"
            ),
        ),
    ]  # fmt: skip
