"""Captures windows and stretches of waiting, keeps their traces, and says what they tell."""

import logging
from collections.abc import Callable
from pathlib import Path

from bench.device.console import Inference
from bench.instruments.digitizer import Digitizer
from bench.instruments.registry import open_digitizer
from bench.measurement.analysis import idle_of, window_of
from bench.measurement.bracket import check_bracket
from bench.measurement.capture import (
    IDLE_SECONDS,
    WindowPlan,
    capture_idle,
    capture_window,
    idle_samples,
    trace_limits,
)
from bench.measurement.declared import circuit_of
from bench.measurement.trace import Trace, save
from bench.measurement.windows import find_window
from bench.run.subject import MeasuredIdle, MeasuredWindow
from bench.station.configuration import Station

log = logging.getLogger(__name__)


class Recorder:
    """A station's card, opened when it is needed, and the folder where its traces go.

    Args:
        station: With real addresses.
        traces: Folder for trace files.
        leaving: See `bench.instruments.registry.open_digitizer`.
    """

    def __init__(
        self, station: Station, traces: Path, leaving: Callable[[], None] = lambda: None
    ) -> None:
        self._station, self.traces, self._leaving = station, traces, leaving
        self._digitizer: Digitizer | None = None

    @property
    def digitizer(self) -> Digitizer:
        """The card; a `DigitizerError` if it cannot be opened."""
        if self._digitizer is None:
            self._digitizer = open_digitizer(self._station.digitizer, self._leaving)
        return self._digitizer

    def close(self) -> None:
        """Close the card; it is opened again when it is next needed."""
        if self._digitizer is not None:
            self._digitizer.close()
            self._digitizer = None

    def window(
        self, plan: WindowPlan, infer: Callable[[], Inference], cycle: int, stem: str
    ) -> MeasuredWindow:
        """One window.

        Args:
            plan: Of the window.
            infer: Makes the device run it.
            cycle: The power cycle that it is in, counted from 1.
            stem: Name of the trace's file without its ending.

        Raises:
            BenchError: It could not be captured, or what was captured is not plausible.
        """
        trace, inference = capture_window(
            self.digitizer, self._station, plan, infer, {"window": stem}
        )
        name, sha256 = self._saved(trace, stem)
        energy = window_of(trace, self._station, plan.samples, inference.seconds)
        window = find_window(trace, trace_limits(self._station, plan.samples))
        check_bracket(trace, window, plan.inferences, circuit_of(self._station))
        log.info("%s: %.5g uJ an inference", stem, energy.energy / plan.inferences * 1e6)
        return MeasuredWindow(cycle, energy, inference.seconds, name, sha256)

    def idle(self, stem: str) -> MeasuredIdle:
        """A stretch of waiting; arguments and errors as of `window`."""
        samples = idle_samples(self._station, IDLE_SECONDS)
        about = {"window": stem}
        trace = capture_idle(self.digitizer, self._station, IDLE_SECONDS, about)
        name, sha256 = self._saved(trace, stem)
        return MeasuredIdle(idle_of(trace, self._station, samples), samples, name, sha256)

    def _saved(self, trace: Trace, stem: str) -> tuple[str, str]:
        name = f"{stem}.tdms"
        return name, save(trace, self.traces / name)
