"""The window in a trace: where the marker rises and falls, in fractions of a sample."""

from dataclasses import dataclass

import numpy as np

from bench.measurement.integrity import (
    MarkerError,
    MarkerExtraError,
    MarkerLateError,
    MarkerMissingError,
    ShortWindowError,
    TraceLimits,
    check_samples,
)
from bench.measurement.trace import Floats, Trace

HYSTERESIS = 0.2
"""Share of the threshold by which the marker must pass it to count as high or low."""

TRIGGER_SAMPLES = 2.0
"""The marker's rise lies so close to the trigger that it caused, in samples."""


@dataclass(frozen=True)
class Window:
    """A stretch of a trace; `begin` and `end` in samples from its first, fractions included."""

    begin: float
    end: float

    @property
    def samples(self) -> float:
        """Length in samples."""
        return self.end - self.begin


@dataclass(frozen=True)
class _Edge:
    position: float
    rising: bool


def find_window(trace: Trace, limits: TraceLimits) -> Window:
    """The one window of a sound trace: from the marker's rise at the trigger to its fall.

    The edges are where the straight line between two samples crosses the threshold.

    Raises:
        MeasurementError: One of its kinds in `bench.measurement.integrity`, for a trace with
            anything wrong in it: no window is ever returned from one.
    """
    check_samples(trace, limits)
    edges = _edges(trace.marker, limits.marker_threshold)
    if [edge.rising for edge in edges] != [True, False]:
        raise _marker_error(trace, edges, limits.marker_threshold)
    window = Window(edges[0].position, edges[1].position)
    late = window.begin - trace.trigger_index
    if abs(late) > TRIGGER_SAMPLES:
        raise MarkerLateError(
            f"trace: the marker rises {late:+.1f} samples from the trigger, wanted at most "
            f"{TRIGGER_SAMPLES:g}; something else triggers: check the trigger's line and level"
        )
    seconds = window.samples / trace.rate
    if seconds < limits.shortest_window:
        raise ShortWindowError(
            f"trace: a window of {seconds * 1e3:.4g} ms, wanted at least "
            f"{limits.shortest_window * 1e3:.4g} ms for this shunt and decoupling; "
            "run more inferences in a window"
        )
    return window


@dataclass(frozen=True)
class LiveStep:
    """A step of live operation: from one rise of the marker to the next, and its inference."""

    whole: Window
    inference: Window


def find_steps(trace: Trace, limits: TraceLimits, count: int) -> tuple[LiveStep, ...]:
    """The first `count` steps of a sound trace of live operation, from the trigger on.

    The marker is high during each inference. No window is too short: what is measured is a step.

    Raises:
        MeasurementError: As `find_window`; `MarkerError` if the marker does not rise and fall so
            often, beginning with a rise at the trigger.
    """
    check_samples(trace, limits)
    edges = _edges(trace.marker, limits.marker_threshold)
    needed = edges[: 2 * count + 1]
    alternating = [edge.rising for edge in needed] == [i % 2 == 0 for i in range(2 * count + 1)]
    if not alternating or abs(needed[0].position - trace.trigger_index) > TRIGGER_SAMPLES:
        turns = ", ".join(f"{'rise' if e.rising else 'fall'} {e.position:.1f}" for e in edges[:6])
        raise MarkerError(
            f"trace: marker edges at samples {turns or 'none'} of {len(trace)}; wanted "
            f"{count + 1} rises with a fall between, the first at the trigger, sample "
            f"{trace.trigger_index}; check the marker's cable and that the sensor samples at 50 Hz"
        )
    at = [edge.position for edge in needed]
    return tuple(
        LiveStep(Window(at[first], at[first + 2]), Window(at[first], at[first + 1]))
        for first in range(0, 2 * count, 2)
    )


def find_idle(trace: Trace, limits: TraceLimits) -> Window:
    """The whole of a sound trace in which the marker stays low: nothing but waiting.

    Raises:
        MeasurementError: As `find_window`; `MarkerExtraError` if the marker is ever high.
    """
    check_samples(trace, limits)
    highest = float(trace.marker.max())
    if highest >= limits.marker_threshold:
        raise MarkerExtraError(
            f"trace: the marker reaches {highest:.3g} V while the device should be idle, wanted "
            f"less than {limits.marker_threshold:g} V; wait for the device to be ready"
        )
    return Window(0.0, float(len(trace) - 1))


def _edges(marker: Floats, threshold: float) -> list[_Edge]:
    margin = abs(threshold) * HYSTERESIS
    level = np.zeros(len(marker), dtype=np.int8)
    level[marker > threshold + margin] = 1
    level[marker < threshold - margin] = -1
    decided = np.flatnonzero(level)
    turns = np.flatnonzero(np.diff(level[decided]))
    return [_edge(marker, threshold, int(decided[turn]), int(decided[turn + 1])) for turn in turns]


def _edge(marker: Floats, threshold: float, before: int, after: int) -> _Edge:
    between = marker[before : after + 1] > threshold
    rising = bool(between[-1])
    passed = before + int(np.argmax(between == rising))
    last, first = float(marker[passed - 1]), float(marker[passed])
    return _Edge(passed - 1 + (threshold - last) / (first - last), rising)


def _marker_error(trace: Trace, edges: list[_Edge], threshold: float) -> MarkerError:
    low, high = float(trace.marker.min()), float(trace.marker.max())
    wanted = "wanted one rise and one fall"
    if not edges:
        return MarkerMissingError(
            f"trace: no marker: it stays between {low:.3g} V and {high:.3g} V about the threshold "
            f"of {threshold:g} V; {wanted}; check the marker's pin and cable"
        )
    if len(edges) == 1 and edges[0].rising:
        return MarkerMissingError(
            f"trace: the marker rises at sample {edges[0].position:.1f} and is still high at the "
            f"end, sample {len(trace) - 1}; {wanted}; the window is longer than was planned for: "
            "check the card's clock and the device's timer"
        )
    turns = ", ".join(f"{'rise' if e.rising else 'fall'} {e.position:.1f}" for e in edges[:6])
    more = f" and {len(edges) - 6} more" if len(edges) > 6 else ""
    kind = MarkerExtraError if len(edges) > 2 else MarkerMissingError
    return kind(f"trace: marker edges at samples {turns}{more}; {wanted}; check the marker's cable")
