"""Measurements of a station computed again from its traces, by what its file says of it."""

from dataclasses import dataclass
from pathlib import Path

from bench.errors import MeasurementError, ReportError
from bench.measurement.analysis import check_supply, energies_of, idle_of, window_of
from bench.measurement.capture import WindowPlan
from bench.measurement.live import figures_of_live
from bench.measurement.trace import TraceFileError, load
from bench.report.record import (
    IdleRecord,
    LiveRecord,
    MeasurementRecord,
    VariantRecord,
    WindowRecord,
)
from bench.run.live import with_figures
from bench.run.records import measurement_record, window_record
from bench.run.subject import Measured, MeasuredIdle, MeasuredWindow, series_of
from bench.station.configuration import Station

_OF_A_MEASUREMENT = ("energy", "saving", "latency", "arena")
"""Quantities that are judged only of a variant that was measured."""


@dataclass(frozen=True)
class Replay:
    """A station that exists in its file alone, and the folder of its traces."""

    station: Station
    traces: Path

    def measured(self, record: MeasurementRecord) -> Measured | MeasurementError:
        """A measurement, or why there is none by the station's figures.

        Raises:
            ReportError: The record does not hold what is needed.
            TraceFileError: A trace is missing, or is not the one that the record is of.
        """
        if record.plan is None or not record.idle:
            raise ReportError(
                "report: a measurement without plan or idle traces: run the bench again"
            )
        plan = WindowPlan(**record.plan.model_dump())
        try:
            windows = [self._window(window, plan.samples) for window in record.windows]
            idle = [self._idle(reading) for reading in record.idle]
            score = check_supply(idle[-1].energy, record.supply_current, self.station)
            energies = energies_of(series_of(plan, windows, idle), self.station)
        except TraceFileError:
            raise
        except MeasurementError as error:
            return error
        return Measured(
            plan=plan,
            energies=energies,
            latency=record.latency,
            supply_current=record.supply_current,
            supply_score=score,
            arena=record.arena,
            clock_hz=record.clock_hz,
            operators=record.operators,
            windows=tuple(windows),
            idle=tuple(idle),
        )

    def record(
        self, record: VariantRecord, measured: Measured | MeasurementError | None
    ) -> VariantRecord:
        """A variant's record with what was measured."""
        if measured is None:
            return record
        if isinstance(measured, MeasurementError):
            kept = tuple(j for j in record.judgements if j.quantity not in _OF_A_MEASUREMENT)
            nothing = {"measurement": None, "saving": None, "reference": (), "judgements": kept}
            return record.model_copy(update={"error": str(measured), **nothing})
        return record.model_copy(
            update={
                "measurement": measurement_record(measured),
                "live": None if record.live is None else self._live(record.live),
                "reference": tuple(map(self._reference, record.reference)),
            }
        )

    def _window(self, record: WindowRecord, samples: int | None = None) -> MeasuredWindow:
        trace = load(self.traces / record.trace, record.sha256)
        planned = len(trace) if samples is None else samples
        energy = window_of(trace, self.station, planned, record.device_seconds)
        return MeasuredWindow(
            record.power_cycle, energy, record.device_seconds, record.trace, record.sha256
        )

    def _idle(self, record: IdleRecord) -> MeasuredIdle:
        trace = load(self.traces / record.trace, record.sha256)
        energy = idle_of(trace, self.station, record.samples)
        return MeasuredIdle(energy, record.samples, record.trace, record.sha256)

    def _live(self, record: LiveRecord) -> LiveRecord:
        trace = load(self.traces / record.trace, record.sha256)
        return with_figures(record, figures_of_live(trace, self.station))

    def _reference(self, record: WindowRecord) -> WindowRecord:
        """A window of the reference variant, whose plan is not on record."""
        return window_record(self._window(record), record.inferences)
