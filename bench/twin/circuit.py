"""The circuit behind the twin's instruments, solved exactly between events.

The supply (voltage Vs while its output is on, else disconnected) feeds the device through the
shunt R; a decoupling capacitor C stands across the device, which draws a constant current I
between two events. With v the voltage across the device and tau = R C::

    output on:   v(t) = v_inf + (v_0 - v_inf) exp(-t / tau),   v_inf = Vs - R I
    output off:  v(t) = max(0, v_0 - I t / C)

The shunt carries (Vs - v) / R. The energy that the device takes at its pins is the integral of
v I dt, which these forms give in closed form: the truth that a measurement is judged by.

What may be wrong changes the source and its resistance, not the forms: a bad contact adds to R, and
a second feed makes with the supply one source (Thevenin's theorem), which also drives the device
while the output is off.
"""

import math
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Feed:
    """A connection to the device's supply pin that should not be: `volts` V behind `ohms` ohm.

    With 0 V it is a leak, or a short.
    """

    volts: float
    ohms: float


@dataclass(frozen=True)
class Components:
    """What is soldered and plugged.

    Attributes:
        shunt: In ohm.
        decoupling: In farad.
        marker_high: High level of the marker pin in V.
        lead: Resistance in ohm between the supply and the point where its voltage is measured.
        feed: What feeds the device beside the supply.
    """

    shunt: float = 9.8
    decoupling: float = 10e-6
    marker_high: float = 3.3
    lead: float = 0.0
    feed: Feed | None = None

    @property
    def series(self) -> float:
        """Resistance in ohm between the supply and the device."""
        return self.shunt + self.lead

    @property
    def time_constant(self) -> float:
        """That resistance times the decoupling, in s."""
        return self.series * self.decoupling

    def seen(self, source: float) -> tuple[float, float]:
        """V and ohm of the one source that the device sees; `source` V is NaN for off.

        Both are NaN where nothing feeds the device.
        """
        feed = self.feed
        if feed is None:
            return source, math.nan if math.isnan(source) else self.series
        if math.isnan(source):
            return feed.volts, feed.ohms
        share = feed.ohms / (self.series + feed.ohms)
        return source * share + feed.volts * (1.0 - share), self.series * share


@dataclass
class History:
    """Events as parallel columns: start (s), source (V, NaN off), load (A), marker, device (V)."""

    start: list[float] = field(default_factory=list)
    source: list[float] = field(default_factory=list)
    load: list[float] = field(default_factory=list)
    marker: list[bool] = field(default_factory=list)
    device: list[float] = field(default_factory=list)

    def append(self, start: float, source: float, load: float, marker: bool, device: float) -> None:
        """Add the state that holds from `start` on; `device` is the voltage at that moment."""
        self.start.append(start)
        self.source.append(source)
        self.load.append(load)
        self.marker.append(marker)
        self.device.append(device)

    def columns(self, begin: float, end: float) -> tuple[Floats, ...]:
        """Columns of the events that matter between `begin` and `end`, both in s."""
        first = max(0, bisect_right(self.start, begin) - 1)
        last = max(first + 1, bisect_right(self.start, end))
        table = (self.start, self.source, self.load, self.marker, self.device)
        return tuple(np.asarray(column[first:last], dtype=np.float64) for column in table)


def device_voltage(
    parts: Components, elapsed: Floats, source: Floats, load: Floats, initial: Floats
) -> Floats:
    """Voltage across the device, `elapsed` s after an event that left it at `initial` V."""
    fed, settled, tau = _towards(parts, source, load)
    decay = np.exp(-elapsed / tau)
    draining = np.maximum(0.0, initial - load * elapsed / parts.decoupling)
    return np.where(fed, settled + (initial - settled) * decay, draining)


def _towards(
    parts: Components, source: Floats, load: Floats
) -> tuple[NDArray[np.bool_], Floats, Floats]:
    """Whether anything feeds the device, the voltage that it tends to (V), how fast (s)."""
    on = ~np.isnan(source)
    (at_zero, ohms_on), (volts_off, ohms_off) = parts.seen(0.0), parts.seen(math.nan)
    share = ohms_on / parts.series
    volts = np.where(on, source * share + at_zero, volts_off)
    fed = ~np.isnan(volts)
    ohms = np.where(on, ohms_on, ohms_off)
    settled = np.where(fed, volts - ohms * load, 0.0)
    return fed, settled, np.where(fed, ohms, parts.series) * parts.decoupling


def signals(parts: Components, history: History, times: Floats) -> tuple[Floats, Floats, Floats]:
    """Supply voltage, shunt voltage and marker voltage, each in V, at `times` (s, ascending)."""
    start, source, load, marker, initial = history.columns(float(times[0]), float(times[-1]))
    samples = np.diff(np.searchsorted(times, start[1:]), prepend=0, append=len(times))
    elapsed = np.maximum(0.0, times - np.repeat(start, samples))
    marks = np.repeat(marker * parts.marker_high, samples)
    across = parts.shunt / parts.series
    if np.isnan(source).any() or parts.feed is not None:
        source, load, initial = (np.repeat(one, samples) for one in (source, load, initial))
        device = device_voltage(parts, elapsed, source, load, initial)
        dropped = np.where(np.isnan(source), 0.0, source - device)
        supply = np.where(np.isnan(source), device, source - dropped * (1.0 - across))
        return supply, dropped * across, marks
    # Connected throughout, as nearly always while measuring: the same sum, six times faster.
    settled = source - parts.series * load
    decay = np.exp(-elapsed / parts.time_constant)
    device = np.repeat(settled, samples) + np.repeat(initial - settled, samples) * decay
    supply = np.repeat(source, samples)
    dropped = supply - device
    return supply - dropped * (1.0 - across), dropped * across, marks


def energy(parts: Components, history: History, begin: float, end: float) -> float:
    """Energy in J that the device took at its pins between `begin` and `end` (s): the truth."""
    start, source, load, _, initial = history.columns(begin, end)
    from_ = np.maximum(start, begin)
    to = np.minimum(np.append(start[1:], end), end)
    duration = np.maximum(0.0, to - from_)
    v = device_voltage(parts, np.maximum(0.0, from_ - start), source, load, initial)
    fed, settled, tau = _towards(parts, source, load)
    charged = settled * duration - (v - settled) * tau * np.expm1(-duration / tau)
    emptied = np.minimum(
        duration, np.divide(v * parts.decoupling, load, out=duration * 0.0, where=load > 0)
    )
    drained = v * emptied - load * emptied**2 / (2 * parts.decoupling)
    return float(np.sum(load * np.where(fed, charged, drained)))
