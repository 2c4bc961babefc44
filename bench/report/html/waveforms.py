"""The waveforms of the windows: what is drawn of a trace, small enough to go into a page.

Of each signal the minimum and the maximum in equal stretches, at most `POINTS` values in all, so
that no spike is lost, and every sample in `AROUND` seconds before and after each edge. Values are
16-bit steps between the signal's lowest and highest.
"""

import base64
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.measurement.trace import Floats, Trace, load
from bench.report.record import MeasurementRecord, WindowRecord

POINTS = 4_000
"""Most values of an envelope: as many minima as maxima."""
AROUND = 2e-3
"""Seconds before and after an edge of which every sample is kept."""
FEWEST = 250
"""An envelope of fewer values tells nothing; rather than that, later windows are left out."""
PAGE_BYTES = 9_000_000
"""Room for all waveforms of a page."""
_STEPS = 65_535
_SIGNALS = 3
_BYTES = 2 * 4 / 3
"""Of a value: 16 bits, in base64."""
_EDGES = 2 * 2 * AROUND * 100e3
"""Values of a signal around both edges, at 100 kS/s."""


@dataclass(frozen=True)
class Waveform:
    """A window's waveform for the page, or why there is none.

    Attributes:
        window: The window's record.
        meta: JSON that tells how `data` is to be read.
        data: Unsigned 16-bit values, little-endian, in base64.
        missing: Why there is no waveform; empty if there is one.
    """

    window: WindowRecord
    meta: str = ""
    data: str = ""
    missing: str = ""


@dataclass(frozen=True)
class Room:
    """What a page has room for.

    Attributes:
        points: Values of an envelope.
        windows: Windows of a variant that are drawn.
    """

    points: int = POINTS
    windows: int = sys.maxsize


def room_for(windows: Sequence[int]) -> Room:
    """The room for each, given how many windows each variant of a page has."""
    values = PAGE_BYTES / max(1, sum(windows)) / _SIGNALS / _BYTES - _EDGES
    if values >= FEWEST:
        return Room(min(POINTS, int(values)))
    one = (FEWEST + _EDGES) * _SIGNALS * _BYTES
    return Room(FEWEST, max(1, int(PAGE_BYTES / one / len(windows))))


def waveforms(measurement: MeasurementRecord, traces: Path, room: Room) -> tuple[Waveform, ...]:
    """The waveforms of a measurement's windows, read from the folder `traces`."""
    return tuple(
        _waveform(window, traces, room.points)
        if place < room.windows
        else Waveform(window, missing="left out, so that the page stays small")
        for place, window in enumerate(measurement.windows)
    )


def _waveform(window: WindowRecord, traces: Path, points: int) -> Waveform:
    path = traces / window.trace
    if not path.exists():
        return Waveform(window, missing=f"the trace file {window.trace} is not in {traces.name}/")
    try:
        trace = load(path, window.sha256)
    except BenchError as error:
        return Waveform(window, missing=str(error))
    if len(trace) == 0:
        return Waveform(window, missing=f"the trace file {window.trace} is empty")
    return _encoded(window, trace, points)


def _encoded(window: WindowRecord, trace: Trace, points: int) -> Waveform:
    begin = _rise(trace.marker)
    end = begin + window.seconds * trace.rate
    current = trace.shunt * _amperes_per_volt(window, trace.shunt, begin, end)
    signals = (current * 1e3, trace.supply - trace.shunt, trace.marker)
    bins = min(len(trace), points // 2)
    spans = [_span(edge, trace) for edge in (begin, end)]
    meta = {
        "rate": trace.rate,
        "begin": begin,
        "end": end,
        "samples": len(trace),
        "bins": bins,
        "spans": spans,
        "ranges": [[float(s.min()), float(s.max())] for s in signals],
    }
    parts = [part for signal in signals for part in _parts(signal, bins, spans)]
    data = base64.b64encode(np.concatenate(parts).tobytes()).decode("ascii")
    return Waveform(window, meta=json.dumps(meta), data=data)


def _amperes_per_volt(window: WindowRecord, shunt: Floats, begin: float, end: float) -> float:
    """One over the shunt: the current that the record states over the voltage that it is from."""
    inside = shunt[math.ceil(begin) : math.floor(end) + 1]
    volts = float(inside.mean()) if len(inside) else 0.0
    return window.mean_current / volts if volts else 0.0


def _rise(marker: Floats) -> float:
    """Where the marker passes its middle for the first time, in samples."""
    middle = (float(marker.min()) + float(marker.max())) / 2.0
    first = int(np.argmax(marker > middle))
    if first == 0:
        return 0.0
    before, after = float(marker[first - 1]), float(marker[first])
    return first - 1 + (middle - before) / (after - before)


def _span(edge: float, trace: Trace) -> tuple[int, int]:
    """First sample and number of samples around an edge."""
    around = AROUND * trace.rate
    first = max(0, int(edge - around))
    return first, max(0, min(len(trace), int(edge + around) + 2) - first)


def _parts(signal: Floats, bins: int, spans: list[tuple[int, int]]) -> list[NDArray[np.uint16]]:
    """Minima, maxima, and all samples of each span, as 16-bit steps."""
    low, high = float(signal.min()), float(signal.max())
    steps = np.rint((signal - low) / ((high - low) or 1.0) * _STEPS).astype("<u2")
    starts = np.arange(bins) * len(signal) // bins
    whole = [np.minimum.reduceat(steps, starts), np.maximum.reduceat(steps, starts)]
    return [*whole, *(steps[first : first + count] for first, count in spans)]
