"""A stored report, computed again from its traces and calibration records.

Everything that a measurement's figures depend on stands in the report or in its traces, and goes
through the very functions that made it: with the records of the report every figure is the same to
the last digit, with others it is the corrected one. Nothing is asked of a station.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bench.errors import MeasurementError, ReportError
from bench.measurement.analysis import check_supply, energies_of, idle_of, window_of
from bench.measurement.capture import WindowPlan
from bench.measurement.declared import figures_of
from bench.measurement.model import Run
from bench.measurement.trace import Trace, TraceFileError, load
from bench.report.convert import calibration_records, estimate_record, judgement_record
from bench.report.files import TRACES, load_report
from bench.report.record import (
    CalibrationRecord,
    ClaimRecord,
    EstimateRecord,
    IdleRecord,
    JudgementRecord,
    MeasurementRecord,
    Report,
    RunFacts,
    VariantRecord,
    WindowRecord,
)
from bench.run.matrix import Matrix, energy_findings
from bench.run.records import measurement_record
from bench.run.savings import savings
from bench.run.subject import Measured, MeasuredIdle, MeasuredWindow, run_of
from bench.station.calibration import Calibration, RecordFile, calibration_of
from bench.station.configuration import Station, stored_station
from bench.verdict.judge import judge
from bench.verdict.limits import Limit
from bench.verdict.rules import Rule


@dataclass(frozen=True)
class Reanalysis:
    """A report, and what it has become."""

    stored: Report
    computed: Report


def reanalyse(path: Path, calibration: Calibration | None = None) -> Reanalysis:
    """Compute the report at `path` again, by its own calibration records or by others.

    A record of `calibration` takes the place of the report's of the same kind.

    A variant whose traces are not sound by the new figures, or whose current the supply then
    contradicts, gets the error in place of its energy, as it would on a bench.

    Raises:
        ReportError: The report cannot be read, or does not hold what is needed.
        TraceFileError: A trace is missing, or is not the one that the report was made from.
        StationFileError: The calibration is not of the report's station.
    """
    stored = load_report(path)
    station = _station(stored.run, calibration, path)
    traces = path.parent / TRACES
    measured: dict[str, Measured | MeasurementError] = {}
    for record in stored.variants:
        if record.measurement is not None:
            measured[record.variant] = _measured(record.measurement, station, traces)
    variants = _with_savings(
        [_computed(record, measured.get(record.variant)) for record in stored.variants],
        {name: found.run for name, found in measured.items() if isinstance(found, Measured)},
        station,
    )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    computed = stored.model_copy(
        update={
            "run": _facts(stored.run, station.calibration, digest),
            "variants": tuple(variants),
        }
    )
    claims = _claims(stored, computed)
    return Reanalysis(stored, computed.model_copy(update={"claims": claims}))


def _station(run: RunFacts, calibration: Calibration | None, path: Path) -> Station:
    if not run.station_file:
        raise ReportError(f"{path}: run.station_file: holds no station file: run the bench again")
    others = {} if calibration is None else calibration.files
    own = [_stored_file(record, path) for record in run.calibration if record.kind not in others]
    records = calibration_of([*own, *others.values()])
    return stored_station(run.station_file, records, f"{path}: run.station_file")


def _stored_file(record: CalibrationRecord, path: Path) -> RecordFile:
    file = RecordFile(record.file, record.text)
    if file.sha256 != record.sha256:
        raise ReportError(
            f"{path}: run.calibration: the text of {record.file} has SHA-256 {file.sha256}, wanted "
            f"{record.sha256}: give the record itself with --calibration"
        )
    return file


def _measured(
    record: MeasurementRecord, station: Station, traces: Path
) -> Measured | MeasurementError:
    if record.plan is None or not record.idle:
        raise ReportError("report: a measurement without plan or idle traces: run the bench again")
    plan = WindowPlan(**record.plan.model_dump())
    try:
        windows = [_window(window, plan, station, traces) for window in record.windows]
        idle = [_idle(reading, station, traces) for reading in record.idle]
        check_supply(idle[-1].energy, record.supply_current, station)
    except TraceFileError:
        raise
    except MeasurementError as error:
        return error
    return Measured(
        plan=plan,
        energies=energies_of(run_of(plan, windows, idle), station),
        latency=record.latency,
        supply_current=record.supply_current,
        arena=record.arena,
        clock_hz=record.clock_hz,
        operators=record.operators,
        windows=tuple(windows),
        idle=tuple(idle),
    )


def _window(
    record: WindowRecord, plan: WindowPlan, station: Station, traces: Path
) -> MeasuredWindow:
    trace = _trace(record, traces)
    energy = window_of(trace, station, plan.samples, record.device_seconds)
    return MeasuredWindow(
        record.power_cycle, energy, record.device_seconds, record.trace, record.sha256
    )


def _idle(record: IdleRecord, station: Station, traces: Path) -> MeasuredIdle:
    energy = idle_of(_trace(record, traces), station, record.samples)
    return MeasuredIdle(energy, record.samples, record.trace, record.sha256)


def _trace(record: WindowRecord | IdleRecord, traces: Path) -> Trace:
    return load(traces / record.trace, record.sha256)


def _computed(record: VariantRecord, measured: Measured | MeasurementError | None) -> VariantRecord:
    if measured is None:
        return record
    if isinstance(measured, MeasurementError):
        kept = tuple(j for j in record.judgements if j.quantity not in ("energy", "latency"))
        nothing = {"measurement": None, "saving": None, "judgements": kept}
        return record.model_copy(update={"error": str(measured), **nothing})
    judgements = tuple(_judged_again(old, measured) for old in record.judgements)
    return record.model_copy(
        update={"measurement": measurement_record(measured), "judgements": judgements}
    )


def _judged_again(old: JudgementRecord, measured: Measured) -> JudgementRecord:
    """The same limit by the same rule; only an energy can have become another."""
    if old.quantity != "energy":
        return old
    limit = Limit.model_validate(
        {
            "variant": "*",
            "quantity": old.quantity,
            "unit": old.unit,
            old.bound: old.limit,
            "rule": Rule(old.rule),
            "source": old.source,
        }
    )
    energy = measured.energy
    return judgement_record(judge(limit, energy.value, energy.expanded))


def _with_savings(
    variants: Sequence[VariantRecord], runs: Mapping[str, Run], station: Station
) -> list[VariantRecord]:
    figures = figures_of(station)
    found = {
        f"{network}-{technique}": estimate_record(estimate)
        for network in dict.fromkeys(record.network for record in variants)
        for technique, estimate in savings(network, runs, figures).items()
    }
    return [record.model_copy(update={"saving": found.get(record.variant)}) for record in variants]


def _facts(run: RunFacts, calibration: Calibration, digest: str) -> RunFacts:
    """The run's facts under a calibration, judged by the day of the run."""
    reasons = calibration.shortcomings(datetime.fromisoformat(run.started).date())
    return run.model_copy(
        update={
            "calibrated": not reasons,
            "uncalibrated": reasons,
            "calibration": calibration_records(calibration),
            "reanalysed": digest,
        }
    )


def _claims(stored: Report, computed: Report) -> tuple[ClaimRecord, ...]:
    """Claims about energies, asked again; one whose energies are none any more is left out."""
    before, after = energy_findings(_matrix(stored)), energy_findings(_matrix(computed))
    kept = [claim for claim in stored.claims if claim.claim not in before or claim.claim in after]
    return tuple(after[claim.claim].record() if claim.claim in after else claim for claim in kept)


def _matrix(report: Report) -> Matrix:
    return Matrix(
        {record.variant: record for record in report.variants},
        {record.network: record for record in report.bases},
    )


def changes(found: Reanalysis) -> list[str]:
    """A line for each variant with an energy: what it was, what it is, and whether they differ."""
    lines = []
    for old, new in zip(found.stored.variants, found.computed.variants, strict=True):
        if old.measurement is None:
            continue
        before = old.measurement.energy
        if new.measurement is None:
            lines.append(f"{old.variant}: no energy any more: {new.error}")
        elif new.measurement == old.measurement:
            lines.append(f"{old.variant}: {_energy(before)}: identical")
        else:
            after = new.measurement.energy
            change = after.value / before.value - 1.0
            lines.append(f"{old.variant}: {_energy(before)} > {_energy(after)} ({change:+.3%})")
    return lines or ["no variant with an energy"]


def _energy(estimate: EstimateRecord) -> str:
    return f"{estimate.value * 1e6:.3f} ± {estimate.expanded * 1e6:.3f} uJ"
