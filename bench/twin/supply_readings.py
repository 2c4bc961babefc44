"""What the twin's supply reads back: the circuit's voltage and current, with a meter's errors."""

import contextlib
import math
from dataclasses import dataclass

import numpy as np

from bench.twin.circuit import Floats
from bench.twin.noise import Noise, Occasions, drawn
from bench.twin.world import BrownOutError, NoiseKey, World

SAMPLE_SECONDS = 10e-6
"""Sampling period of readings (the shortest that the sampled buffer can be set to)."""
WILD = 7 / 101
"""Share of current readings that were wild in the log of a real unit."""
OVERLOAD = "9.9E37"
"""Reply of a current that its range cannot show (SCPI-99: infinity)."""
VOLT_STEP = 1e-3
GAIN = 1e-3
"""Half-width of the relative error of voltage and current readings (assumed)."""
VOLT_OFFSET = 2e-3
"""Half-width of the offset of voltage readings in V (assumed)."""
FUNCTIONS = ("VOLT", "CURR", "DVM", "AVER", "PEAK", "MIN", "HIGH", "LOW", "RMS")


@dataclass(frozen=True)
class CurrentRange:
    """Full scale, resolution and half-width of the offset (assumed) of current readings, in A."""

    full_scale: float
    step: float
    offset: float


RANGES = {
    "HIGH": CurrentRange(5.1, 0.2e-3, 1e-3),
    "MEDium": CurrentRange(0.51, 10e-6, 0.1e-3),
    "LOW": CurrentRange(5.1e-3, 0.1e-6, 1e-6),
}
"""Full scales and steps from public drivers."""


@dataclass(frozen=True)
class Reading:
    """What is read: a function of `FUNCTIONS`, and a key of `RANGES` or AUTO."""

    function: str
    range: str


class Meter:
    """The meters of the supply with serial number `seed`."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._seed = seed
        self._noise = Noise(seed)
        self._occasions = Occasions(world)

    def read(self, channel: str, volts: float | None, reading: Reading, seconds: float) -> str:
        """One reading over an interval, which passes; `volts` V of an open channel, or None."""
        count = round(seconds / SAMPLE_SECONDS)
        samples = self._samples(volts, reading, count, SAMPLE_SECONDS)
        return self._shown(channel, reading, _value(reading.function, samples))

    def series(
        self, channel: str, volts: float | None, reading: Reading, count: int, period: float
    ) -> list[str]:
        """`count` samples, one each `period` s, which pass."""
        samples = self._samples(volts, reading, count, period)
        return [self._shown(channel, reading, float(sample)) for sample in samples]

    def _samples(self, volts: float | None, reading: Reading, count: int, period: float) -> Floats:
        begin = self._world.now
        with contextlib.suppress(BrownOutError):  # the device's affair: it has been reset
            self._world.advance(count * period)
        if reading.function == "DVM":  # its terminals are open
            return np.zeros(count)
        if volts is not None:
            return np.full(count, volts if reading.function == "VOLT" else 0.0)
        times = begin + period * (np.arange(count, dtype=np.float64) + 0.5)
        supply, shunt, _ = self._world.signals(times)
        return supply if reading.function == "VOLT" else shunt / self._world.parts.shunt

    def _shown(self, channel: str, reading: Reading, value: float) -> str:
        key = self._occasions.next(f"supply {channel}")
        if reading.function in ("VOLT", "DVM"):
            offset = self._error(channel, reading.function, VOLT_OFFSET)
            return self._rounded(key, value * self._gain(channel, "VOLT") + offset, VOLT_STEP)
        span = _range(reading.range, value)
        current = RANGES[span]
        if abs(value) > current.full_scale:
            return OVERLOAD
        if self._noise.uniform(key, "wild") < WILD:
            share = 2.0 * self._noise.uniform(key, "how wild") - 1.0
            return text(share * current.full_scale, current.step)
        shown = value * self._gain(channel, span) + self._error(channel, span, current.offset)
        return self._rounded(key, shown, current.step)

    def _rounded(self, key: NoiseKey, value: float, step: float) -> str:
        """With a step of noise, rms."""
        return text(value + step * float(self._noise.gaussian(key, "reading", 0, 1)[0]), step)

    def _gain(self, channel: str, what: str) -> float:
        return 1.0 + self._error(channel, f"{what} gain", GAIN)

    def _error(self, channel: str, what: str, limit: float) -> float:
        return float(drawn(self._seed, "supply reading", channel, what).uniform(-limit, limit))


def text(value: float, step: float) -> str:
    """A number as the instrument writes it, to its step: such as ``1.46E-01``."""
    mantissa, exponent = f"{round(value / step) * step + 0.0:.6E}".split("E")
    return f"{mantissa.rstrip('0').rstrip('.')}E{exponent}"


def _value(function: str, samples: Floats) -> float:
    middle = (samples.max() + samples.min()) / 2.0
    match function:
        case "PEAK":
            value = samples.max()
        case "MIN":
            value = samples.min()
        case "HIGH":
            value = samples[samples >= middle].mean()
        case "LOW":
            value = samples[samples <= middle].mean()
        case "RMS":
            value = math.sqrt(float(np.mean(samples**2)))
        case _:
            value = samples.mean()
    return float(value)


def _range(chosen: str, value: float) -> str:
    if chosen != "AUTO":
        return chosen
    fitting = [name for name, span in RANGES.items() if abs(value) <= span.full_scale]
    return min(fitting or ["HIGH"], key=lambda name: RANGES[name].full_scale)
