"""The energy that the device took in a window, from the sampled voltages.

With s the supply's voltage, v the shunt's and R the shunt, the current is v / R and the voltage
across the device s - v, so the energy that passes the shunt towards the device is::

    E = 1 / R * integral of (s - v) v dt = (integral of s v dt - integral of v v dt) / R

A capacitor C across the device gives or takes the change of its charge; what the device itself
took is E less ``C / 2 * (d1 d1 - d0 d0)``, with d0 and d1 the voltages across it at the window's
edges. The integrals, not only E, are kept: with them E is an exact function of the errors of
shunt, gains, offsets and clock (`bench.measurement.model`), and no trace is read twice.

Between two samples the integrands are taken as straight lines (trapezoidal rule), also in the
partial samples at the edges.
"""

import math
from dataclasses import dataclass

import numpy as np

from bench.errors import MeasurementError
from bench.measurement.trace import Floats, Trace
from bench.measurement.windows import Window

CHUNK = 1 << 15
"""Samples handled at once: the buffers of a chunk stay in the processor's cache."""


@dataclass(frozen=True)
class Circuit:
    """What stands between the supply and the device.

    Attributes:
        shunt: Resistance in ohm.
        decoupling: Capacitance across the device in F.
    """

    shunt: float
    decoupling: float

    @property
    def time_constant(self) -> float:
        """Seconds in which the measured current follows the load's to 63 %."""
        return self.shunt * self.decoupling


@dataclass(frozen=True)
class Edge:
    """The voltages at one edge of a window, in V."""

    supply: float
    shunt: float

    @property
    def device(self) -> float:
        """Voltage across the device in V."""
        return self.supply - self.shunt

    @property
    def power(self) -> float:
        """Power towards the device times the shunt, V²."""
        return self.device * self.shunt


@dataclass(frozen=True)
class WindowEnergy:
    """A window's integrals and the energy that they give.

    Attributes:
        circuit: The shunt and the decoupling that energies are computed with.
        samples: Length of the window in samples, fractions included.
        seconds: Its length in s by the card's nominal clock.
        supply: Integral of the supply voltage, V s.
        shunt: Integral of the shunt voltage, V s.
        product: Integral of supply times shunt voltage, V² s.
        square: Integral of the shunt voltage squared, V² s.
        begin: Voltages at the first edge.
        end: Voltages at the last edge.
        lowest: Lowest voltage across the device within the window, V.
    """

    circuit: Circuit
    samples: float
    seconds: float
    supply: float
    shunt: float
    product: float
    square: float
    begin: Edge
    end: Edge
    lowest: float

    @property
    def energy(self) -> float:
        """Energy in J that the device took."""
        return self.passed - self.stored

    @property
    def passed(self) -> float:
        """Energy in J that came through the shunt to the device and its decoupling."""
        return (self.product - self.square) / self.circuit.shunt

    @property
    def stored(self) -> float:
        """Energy in J by which the decoupling was fuller at the end than at the begin."""
        return 0.5 * self.circuit.decoupling * (self.end.device**2 - self.begin.device**2)

    @property
    def lag(self) -> float:
        """Relative error of taking what `passed` for what the device took."""
        return self.passed / self.energy - 1.0

    @property
    def charge(self) -> float:
        """Charge in C through the shunt."""
        return self.shunt / self.circuit.shunt

    @property
    def mean_current(self) -> float:
        """Mean current through the shunt in A."""
        return self.charge / self.seconds

    @property
    def mean_power(self) -> float:
        """Mean power in W that the device took."""
        return self.energy / self.seconds


def window_energy(trace: Trace, window: Window, circuit: Circuit) -> WindowEnergy:
    """Integrate a window; any length of trace in the memory of one chunk.

    Raises:
        MeasurementError: The window does not lie within the trace, or is empty.
    """
    if not 0.0 <= window.begin < window.end <= len(trace) - 1:
        raise MeasurementError(
            f"window: {window.begin} to {window.end} of a trace of {len(trace)} samples; "
            "wanted a stretch within it"
        )
    step = 1.0 / trace.rate
    integrals = [value * step for value in _integrals(trace, window)]
    supply, shunt, product, square = integrals
    begin, end = _edge(trace, window.begin), _edge(trace, window.end)
    return WindowEnergy(
        circuit=circuit,
        samples=window.samples,
        seconds=window.samples * step,
        supply=supply,
        shunt=shunt,
        product=product,
        square=square,
        begin=begin,
        end=end,
        lowest=_lowest(trace, window, begin, end),
    )


def _integrals(trace: Trace, window: Window) -> list[float]:
    """Trapezoidal integrals of the four integrands in units of the sampling interval.

    With both edges between the same two samples, `last` comes before `first`: the two partial
    pieces overlap by just the interval that is taken off.
    """
    first, last = math.ceil(window.begin), math.floor(window.end)
    whole = _sums(trace.supply[first : last + 1], trace.shunt[first : last + 1])
    return [
        total - (a + b) / 2.0 + left + right
        for total, a, b, left, right in zip(
            whole,
            _integrands_at(trace, first),
            _integrands_at(trace, last),
            _partial(trace, window.begin, first),
            _partial(trace, last, window.end),
            strict=True,
        )
    ]


def _partial(trace: Trace, begin: float, end: float) -> list[float]:
    at_begin, at_end = _integrands_at(trace, begin), _integrands_at(trace, end)
    return [(end - begin) * (a + b) / 2.0 for a, b in zip(at_begin, at_end, strict=True)]


def _integrands_at(trace: Trace, position: float) -> list[float]:
    """The integrands at a fractional sample: each a straight line between its neighbours."""
    index = math.floor(position)
    share = position - index
    values = _integrands(float(trace.supply[index]), float(trace.shunt[index]))
    if share == 0.0:
        return values
    after = _integrands(float(trace.supply[index + 1]), float(trace.shunt[index + 1]))
    return [a + share * (b - a) for a, b in zip(values, after, strict=True)]


def _integrands(supply: float, shunt: float) -> list[float]:
    return [supply, shunt, supply * shunt, shunt * shunt]


def _sums(supply: Floats, shunt: Floats) -> list[float]:
    """Sums of the integrands over all samples, always in the same order.

    Each chunk is summed pairwise by numpy, the chunks' sums exactly; no BLAS, whose order of
    summation depends on the number of threads.
    """
    buffer = np.empty(min(CHUNK, len(supply)))
    parts: list[list[float]] = [[], [], [], []]
    for start in range(0, len(supply), CHUNK):
        s, v = supply[start : start + CHUNK], shunt[start : start + CHUNK]
        product = buffer[: len(s)]
        parts[0].append(float(s.sum()))
        parts[1].append(float(v.sum()))
        parts[2].append(float(np.multiply(s, v, out=product).sum()))
        parts[3].append(float(np.multiply(v, v, out=product).sum()))
    return [math.fsum(part) for part in parts]


def _edge(trace: Trace, position: float) -> Edge:
    supply, shunt, *_ = _integrands_at(trace, position)
    return Edge(supply, shunt)


def _lowest(trace: Trace, window: Window, begin: Edge, end: Edge) -> float:
    first, last = math.ceil(window.begin), math.floor(window.end)
    lowest = min(begin.device, end.device)
    for start in range(first, last + 1, CHUNK):
        stop = min(start + CHUNK, last + 1)
        lowest = min(lowest, float((trace.supply[start:stop] - trace.shunt[start:stop]).min()))
    return lowest
