"""The circuit behind the twin's instruments, solved exactly between events.

The supply (voltage Vs while its output is on, else disconnected) feeds the device through the
shunt R; a decoupling capacitor C stands across the device, which draws a constant current I
between two events. With v the voltage across the device and tau = R C::

    output on:   v(t) = v_inf + (v_0 - v_inf) exp(-t / tau),   v_inf = Vs - R I
    output off:  v(t) = max(0, v_0 - I t / C)

The shunt carries (Vs - v) / R. The energy that the device takes at its pins is the integral of
v I dt, which these forms give in closed form: the truth that a measurement is judged by.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Components:
    """What is soldered: `shunt` in ohm, `decoupling` in farad, `marker_high` in volt."""

    shunt: float = 9.8
    decoupling: float = 10e-6
    marker_high: float = 3.3

    @property
    def time_constant(self) -> float:
        """Shunt times decoupling, in s."""
        return self.shunt * self.decoupling


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
    on = ~np.isnan(source)
    settled = np.where(on, source, 0.0) - parts.shunt * load
    decay = np.exp(-elapsed / parts.time_constant)
    draining = np.maximum(0.0, initial - load * elapsed / parts.decoupling)
    return np.where(on, settled + (initial - settled) * decay, draining)


def signals(parts: Components, history: History, times: Floats) -> tuple[Floats, Floats, Floats]:
    """Supply voltage, shunt voltage and marker voltage, each in V, at `times` (s, ascending)."""
    start, source, load, marker, initial = history.columns(float(times[0]), float(times[-1]))
    samples = np.diff(np.searchsorted(times, start[1:]), prepend=0, append=len(times))
    elapsed = np.maximum(0.0, times - np.repeat(start, samples))
    marks = np.repeat(marker * parts.marker_high, samples)
    if np.isnan(source).any():
        source, load, initial = (np.repeat(one, samples) for one in (source, load, initial))
        device = device_voltage(parts, elapsed, source, load, initial)
        off = np.isnan(source)
        supply = np.where(off, device, source)
        return supply, np.where(off, 0.0, supply - device), marks
    # Connected throughout, as nearly always while measuring: the same sum, six times faster.
    settled = source - parts.shunt * load
    decay = np.exp(-elapsed / parts.time_constant)
    device = np.repeat(settled, samples) + np.repeat(initial - settled, samples) * decay
    supply = np.repeat(source, samples)
    return supply, supply - device, marks


def energy(parts: Components, history: History, begin: float, end: float) -> float:
    """Energy in J that the device took at its pins between `begin` and `end` (s): the truth."""
    start, source, load, _, initial = history.columns(begin, end)
    from_ = np.maximum(start, begin)
    to = np.minimum(np.append(start[1:], end), end)
    duration = np.maximum(0.0, to - from_)
    v = device_voltage(parts, np.maximum(0.0, from_ - start), source, load, initial)
    on = ~np.isnan(source)
    tau = parts.time_constant
    settled = np.where(on, source, 0.0) - parts.shunt * load
    charged = settled * duration - (v - settled) * tau * np.expm1(-duration / tau)
    emptied = np.minimum(
        duration, np.divide(v * parts.decoupling, load, out=duration * 0.0, where=load > 0)
    )
    drained = v * emptied - load * emptied**2 / (2 * parts.decoupling)
    return float(np.sum(load * np.where(on, charged, drained)))
