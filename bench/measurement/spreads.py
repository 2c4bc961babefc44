"""The errors that a station and a series may have, by name, with the spread of each.

Errors of a station are common to all that it measures and cancel, as far as they do, in a saving;
warming, drift, noise, edges and repeatability belong to one series, and so does the part of the
nonlinearity that differs where a second series has other readings than the first.
"""

import math
from collections.abc import Sequence
from statistics import stdev
from typing import TypeAlias

from bench.measurement.energy import WindowEnergy
from bench.measurement.figures import ChannelFigures, Figures, Spread
from bench.measurement.repeated import Mean, Series

Spreads: TypeAlias = dict[str, Spread]

SHUNT, DECOUPLING, TIME_BASE = "shunt resistance", "decoupling capacitance", "time base"
RISE, FALL, SKEW = "rising edge", "falling edge", "channel skew"
EDGE_NOISE, REPEATABILITY, DRIFT = "noise at the edges", "repeatability", "drift between readings"
SUPPLY, SHUNT_VOLTAGE = "supply channel", "shunt channel"
TEMPERATURE = " temperature"
"""After the name of an error: what temperature adds to it since the calibration."""
WARMING = " warming"
"""Likewise: what it adds in one series and not in another of the same session."""
OFFSETS = (
    "offset", "offset" + TEMPERATURE, "linearity", "bend", "drift", "noise", "quantisation"
)  # fmt: skip
"""What acts as an offset of a channel; `bend`: linearity at other readings than the first's."""
IDLE, REFERENCE = " (idle)", " (reference)"

BEND = 2.6
"""A nonlinearity that is zero at both ends of the range changes by at most so many times its peak
over one full scale: a bow 1 - u u by 2, a wave u (1 - u u) by sqrt(27) / 2."""

EDGE_SAMPLES = 0.5
"""An edge lies anywhere between two samples: half-width about the interpolated crossing."""

SKEW_SAMPLES = 1.0
"""Channels of a scan are converted one after the other, all within one sampling interval."""


def station_spreads(figures: Figures) -> Spreads:
    """Errors of the station, common to all that it measures."""
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


def series_spreads(series: Series, figures: Figures) -> Spreads:
    """Errors of one series of windows."""
    count = len(series.replicates)
    scatter = stdev(series.replicates) if count > 1 else 0.0
    return sampling_spreads(series.windows, figures) | {
        RISE: Spread(EDGE_SAMPLES, "rectangular"),
        FALL: Spread(EDGE_SAMPLES, "rectangular"),
        SKEW: Spread(SKEW_SAMPLES, "rectangular"),
        REPEATABILITY: Spread(scatter / math.sqrt(count), "normal", max(1, count - 1)),
    }


def idle_spreads(idle: Sequence[WindowEnergy], figures: Figures) -> Spreads:
    """Errors of stretches of waiting that ought to be alike."""
    powers = [window.mean_power for window in idle]
    drift = Spread((max(powers) - min(powers)) / 2.0, "rectangular")
    return sampling_spreads(idle, figures) | {DRIFT: drift}


def sampling_spreads(windows: Sequence[WindowEnergy], figures: Figures) -> Spreads:
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


def bend_spreads(
    windows: Sequence[WindowEnergy], first: Sequence[WindowEnergy], figures: Figures
) -> Spreads:
    """How far the nonlinearity may differ between two series, by how far their readings do."""
    here, there = Mean.of(windows), Mean.of(first)
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
