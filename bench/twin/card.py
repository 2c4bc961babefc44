"""The twin's analogue inputs: an NI PCI-6251 with its errors, wired to the circuit.

A channel is measured as the card does it: its terminals' voltage, times (1 + gain error), plus
offset, drift, integral nonlinearity and noise, rounded to 16 bits over 105 % of the range. Channels
of a scan are converted one after the other, and the sample clock is off by some ppm. The errors are
drawn once for a station, from distributions that are stated here (`Tolerances`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from bench.twin.circuit import Floats
from bench.twin.noise import BLOCK, Noise, drawn
from bench.twin.world import NoiseKey, Rise, World

OVER_RANGE = 1.05
"""Full scale over nominal range (M Series user manual: "assuming 5 % over range")."""
CODES = 2**16
MAX_RATE = 1.25e6
"""Samples per second, one channel (NI 6251 specifications)."""
MAX_AGGREGATE_RATE = 1.0e6
"""Samples per second, several channels together (NI 6251 specifications)."""
_PIECE = 2 * BLOCK
"""Samples that are computed together: few enough to stay in a processor's cache."""
_ROUNDING = 1e-3
"""Part of a sample that floating-point times may be off by."""
CONVERT_PERIOD = 11e-6
"""s from channel to channel where the rate leaves room: 1 us and 10 us of padding (M Series)."""


@dataclass(frozen=True)
class Accuracy:
    """What a range may be off by: rectangular half-widths, except `noise`.

    Attributes:
        gain: Relative to the reading.
        offset: Relative to the range.
        linearity: Integral nonlinearity, relative to the range.
        noise: Random noise of one sample in V, rms.
        gain_temperature: What temperature adds to the gain's error, relative to the reading.
        offset_temperature: What temperature adds to the offset's, relative to the range.
        gain_found: Gain error about which the others lie, as a calibration found it.
        offset_found: Offset error about which the others lie, in V.
    """

    gain: float
    offset: float
    linearity: float
    noise: float
    gain_temperature: float = 0.0
    offset_temperature: float = 0.0
    gain_found: float = 0.0
    offset_found: float = 0.0


def _specified(
    residual_gain: float, residual_offset: float, offset_tempco: float, noise: float
) -> Accuracy:
    """NI's accuracy model (ppm, V), 1 K from the self-calibration, 10 K from the external one."""
    gain_tempco, reference_tempco, linearity = 13.0, 1.0, 60.0
    internal, external = 1.0, 10.0
    ppm = 1e-6
    return Accuracy(
        residual_gain * ppm,
        residual_offset * ppm,
        linearity * ppm,
        noise,
        gain_temperature=(gain_tempco * internal + reference_tempco * external) * ppm,
        offset_temperature=offset_tempco * internal * ppm,
    )


PCI_6251: Mapping[float, Accuracy] = MappingProxyType(
    {
        10.0: _specified(60, 20, 21, 280e-6),
        5.0: _specified(70, 20, 21, 140e-6),
        2.0: _specified(70, 20, 24, 57e-6),
        1.0: _specified(80, 20, 27, 32e-6),
        0.5: _specified(90, 40, 34, 21e-6),
        0.2: _specified(130, 80, 55, 16e-6),
        0.1: _specified(150, 150, 90, 15e-6),
    }
)
"""By range in V, from NI 6251 specifications, "AI absolute accuracy table"."""


@dataclass(frozen=True)
class Tolerances:
    """The distributions that a station's card is drawn from.

    Attributes:
        accuracy: By range in V; the ranges are those that the card has.
        time_base: Relative half-width of the sample clock's error (NI 6251: 50 ppm).
        wander: Drift of the offset within minutes, rms, relative to the offset's limit with
            temperature; assumed, as some tenths of a kelvin.
        rate_found: Sample clock's error about which the others lie, as a calibration found it.
    """

    accuracy: Mapping[float, Accuracy] = field(default_factory=lambda: PCI_6251)
    time_base: float = 50e-6
    wander: float = 0.1
    rate_found: float = 0.0


@dataclass(frozen=True)
class Channel:
    """An analogue input as configured: `terminal` N of AI N, `range` in V, a key of the table."""

    terminal: int
    range: float
    differential: bool = True

    @property
    def name(self) -> str:
        """Such as ``ai1``."""
        return f"ai{self.terminal}"


DIFFERENTIAL_PAIR = 8
"""AI N is measured against AI N + 8."""
TERMINALS = 16
_SUPPLY, _DEVICE, _MARKER, _GROUND = (1, 0, 0), (1, -1, 0), (0, 0, 1), (0, 0, 0)
Wiring: TypeAlias = Mapping[int, tuple[int, int, int]]
WIRING: Wiring = MappingProxyType(
    {0: _SUPPLY, 8: _GROUND, 1: _SUPPLY, 9: _DEVICE, 2: _MARKER, 10: _GROUND}
)
"""What each terminal is soldered to, as a sum of supply, shunt and marker; the others float."""


@dataclass(frozen=True)
class Errors:
    """What was drawn for a channel in a range: relative, V, and the two parts of INL in V."""

    gain: float
    offset: float
    bow: float
    wave: float


@dataclass(frozen=True)
class Drift:
    """What has changed since the figures in `Tolerances` held, far beyond them.

    Attributes:
        gain: Relative, by the positive terminal of a channel.
        offset: In V, by the same.
        clock: Of the sample clock, relative.
    """

    gain: Mapping[int, float] = field(default_factory=dict)
    offset: Mapping[int, float] = field(default_factory=dict)
    clock: float = 0.0


@dataclass(frozen=True)
class Card:
    """A card with serial number `seed`, its terminals connected by `wiring`."""

    seed: int
    tolerances: Tolerances = field(default_factory=Tolerances)
    wiring: Wiring = field(default_factory=lambda: WIRING)
    drift: Drift = field(default_factory=Drift)

    @cached_property
    def time_base(self) -> float:
        """How much faster than nominal the sample clock runs, relative."""
        limit, found = self.tolerances.time_base, self.tolerances.rate_found
        error = float(drawn(self.seed, "time base").uniform(-limit, limit))
        return found + error + self.drift.clock

    def errors(self, channel: Channel) -> Errors:
        """The errors of `channel`."""
        errors = _errors(self.seed, channel, self.tolerances.accuracy[channel.range])
        gain = self.drift.gain.get(channel.terminal, 0.0)
        offset = self.drift.offset.get(channel.terminal, 0.0)
        return replace(errors, gain=errors.gain + gain, offset=errors.offset + offset)

    def first_tick(self, rise: Rise, rate: float) -> float:
        """Time in s of the first sample after a trigger that a running clock did not wait for."""
        return rise.time + Noise(self.seed).uniform(rise.key, "phase") / self._true(rate)

    def sample_time(self, zero: float, index: int, rate: float, channels: int) -> float:
        """Time in s at which scan `index` of so many channels is complete; `zero` is scan 0."""
        return zero + index / self._true(rate) + (channels - 1) * _skew(rate, channels)

    def scans_until(self, zero: float, time: float, rate: float, channels: int) -> int:
        """How many scans, counted from scan 0 at `zero` s, are complete at `time` s."""
        elapsed = time - zero - (channels - 1) * _skew(rate, channels)
        return math.floor(elapsed * self._true(rate) + _ROUNDING) + 1

    def sample(
        self,
        world: World,
        key: NoiseKey,
        zero: float,
        first: int,
        count: int,
        rate: float,
        channels: Sequence[Channel],
    ) -> Floats:
        """What the card reads of the world; its lock must be held.

        Args:
            world: Nothing is read of it after its `now`.
            key: Of the noise.
            zero: Time in s of sample 0: the trigger's, or its `first_tick`.
            first: Index of the first sample; negative before sample 0.
            count: How many samples of each channel, at least 1.
            rate: Nominal samples per second of each channel.
            channels: In the order in which they are converted.

        Returns:
            Volts, shaped (channels, count).
        """
        readings = np.empty((len(channels), count))
        skew = _skew(rate, len(channels))
        for begin in range(0, count, _PIECE):
            piece = readings[:, begin : begin + _PIECE]
            indices = np.arange(first + begin, first + begin + piece.shape[1])
            since = indices / self._true(rate)
            for position, channel in enumerate(channels):
                volts = self._voltage(world, channel, since + (zero + position * skew))
                piece[position] = self._read(channel, key, first + begin, since, volts)
        return readings

    def _true(self, rate: float) -> float:
        return rate * (1.0 + self.time_base)

    def _voltage(self, world: World, channel: Channel, times: Floats) -> Floats:
        weights, floating = self._wiring(channel.terminal)
        if channel.differential:
            others, also_floating = self._wiring(channel.terminal + DIFFERENTIAL_PAIR)
            weights, floating = weights - others, floating - also_floating
        voltage = np.full(len(times), floating)
        for weight, signal in zip(weights, world.signals(times), strict=True):
            if weight:
                voltage += weight * signal
        return voltage

    def _wiring(self, terminal: int) -> tuple[Floats, float]:
        if terminal in self.wiring:
            return np.array(self.wiring[terminal], dtype=np.float64), 0.0
        return np.zeros(3), float(drawn(self.seed, "floating", terminal).uniform(-1.0, 1.0))

    def _read(
        self, channel: Channel, key: NoiseKey, first: int, since: Floats, volts: Floats
    ) -> Floats:
        """What the card makes of the terminals' voltage, which is overwritten."""
        accuracy, errors = self.tolerances.accuracy[channel.range], self.errors(channel)
        noise = Noise(self.seed)
        share = volts / channel.range
        inl = 1.0 - share * share
        inl *= errors.bow + errors.wave * share
        volts *= 1.0 + errors.gain
        volts += inl
        volts += errors.offset
        offset = accuracy.offset + accuracy.offset_temperature
        wander = self.tolerances.wander * offset * channel.range
        volts += np.float32(wander) * noise.wander(key, channel.name, since)
        random = noise.gaussian(key, channel.name, first, len(volts))
        volts += np.float32(accuracy.noise) * random
        step = 2.0 * OVER_RANGE * channel.range / CODES
        volts /= step
        np.rint(volts, out=volts)
        np.clip(volts, -CODES // 2, CODES // 2 - 1, out=volts)
        volts *= step
        volts += 0.0  # no negative zeros: the card's codes are integers
        return volts


def _skew(rate: float, channels: int) -> float:
    """Time in s from a channel's conversion to the next's: padded, or evenly over the scan."""
    return min(CONVERT_PERIOD, 1.0 / (rate * channels))


@lru_cache(maxsize=256)
def _errors(seed: int, channel: Channel, accuracy: Accuracy) -> Errors:
    random = drawn(seed, "errors", channel.terminal, channel.range, channel.differential)
    gain, offset, linearity = random.uniform(-1.0, 1.0, 3)
    # Gain and offset are what calibration sees at the ends of the range, so INL is zero there: a
    # bow (1 - u^2) and a wave u (1 - u^2), whose peak is 2 / sqrt(27).
    mix = random.random()
    inl = linearity * accuracy.linearity * channel.range
    warm_gain, warm_offset = random.uniform(-1.0, 1.0, 2)
    gain_error = gain * accuracy.gain + warm_gain * accuracy.gain_temperature
    offset_error = offset * accuracy.offset + warm_offset * accuracy.offset_temperature
    return Errors(
        accuracy.gain_found + gain_error,
        accuracy.offset_found + offset_error * channel.range,
        inl * mix,
        inl * (1.0 - mix) * np.sqrt(27.0) / 2.0,
    )
