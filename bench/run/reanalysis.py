"""A stored report, computed again from its traces and calibration records.

Everything that a measurement's figures depend on stands in the report or in its traces, and goes
through the very functions that made it: with the records of the report every figure is the same to
the last digit, with others it is the corrected one. Nothing is asked of a station.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from bench.errors import ReportError
from bench.measurement.declared import figures_of
from bench.measurement.repeated import Series
from bench.report.budget import budget_table
from bench.report.convert import calibration_records, estimate_record, judgement_record
from bench.report.files import TRACES, load_report
from bench.report.history import started
from bench.report.record import (
    CalibrationRecord,
    ClaimRecord,
    EstimateRecord,
    GateRecord,
    JudgementRecord,
    Report,
    RunFacts,
    VariantRecord,
)
from bench.run.matrix import Matrix, energy_findings
from bench.run.reached import device_reached
from bench.run.replay import Replay
from bench.run.savings import savings
from bench.run.subject import Measured
from bench.station.calibration import Calibration, RecordFile, calibration_of
from bench.station.configuration import Station, stored_station
from bench.verdict.judge import judge
from bench.verdict.limits import Limit


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
    replay = Replay(station, path.parent / TRACES)
    measured = {
        record.variant: replay.measured(record.measurement)
        for record in stored.variants
        if record.measurement is not None
    }
    found = [replay.record(record, measured.get(record.variant)) for record in stored.variants]
    series = {name: one.series for name, one in measured.items() if isinstance(one, Measured)}
    variants = tuple(map(_judged_again, _with_savings(found, series, station)))
    computed = stored.model_copy(
        update={
            "run": _facts(stored, station.calibration, path),
            "variants": variants,
            "gate": stored.gate if variants == stored.variants else _no_gate(stored.gate),
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


def _judged_again(record: VariantRecord) -> VariantRecord:
    """What was judged by a limit, judged by the same limit and rule."""
    found = device_reached(record)
    judgements = tuple(
        judgement_record(judge(_limit(old), *found[old.quantity])) if old.quantity in found else old
        for old in record.judgements
    )
    return record.model_copy(update={"judgements": judgements})


def _limit(judgement: JudgementRecord) -> Limit:
    try:
        return Limit.model_validate(
            {
                "variant": "*",
                "quantity": judgement.quantity,
                "unit": judgement.unit,
                judgement.bound: judgement.limit,
                "rule": judgement.rule,
                "source": judgement.source,
            }
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise ReportError(
            f"report: limit of {judgement.quantity}: {first['msg']}: run the bench again"
        ) from error


def _with_savings(
    variants: Sequence[VariantRecord], series: Mapping[str, Series], station: Station
) -> list[VariantRecord]:
    figures = figures_of(station)
    found = {
        f"{network}-{technique}": estimate_record(estimate)
        for network in dict.fromkeys(record.network for record in variants)
        for technique, estimate in savings(network, series, figures).items()
    }
    return [record.model_copy(update={"saving": found.get(record.variant)}) for record in variants]


def _no_gate(gate: GateRecord | None) -> GateRecord | None:
    """A comparison does not hold for energies that are others now."""
    if gate is None:
        return None
    why = "computed again by other calibration records: compare with python -m bench compare"
    return GateRecord(baseline=gate.baseline, started=gate.started, skipped=why)


def _facts(report: Report, calibration: Calibration, path: Path) -> RunFacts:
    """The run's facts under a calibration, judged by the day of the run."""
    reasons = calibration.shortcomings(started(path, report).date())
    return report.run.model_copy(
        update={
            "calibrated": not reasons,
            "uncalibrated": reasons,
            "calibration": calibration_records(calibration),
            "reanalysed": hashlib.sha256(path.read_bytes()).hexdigest(),
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


def budgets(report: Report, variant: str) -> list[str]:
    """The uncertainty budgets of a variant's energies, line by line.

    Raises:
        ReportError: The variant has no energy in the report.
    """
    record = next((record for record in report.variants if record.variant == variant), None)
    if record is None or record.measurement is None:
        names = ", ".join(r.variant for r in report.variants if r.measurement) or "none"
        raise ReportError(f"report: {variant} has no energy; wanted one of those with: {names}")
    titled = {
        "energy of one inference": record.measurement.energy,
        "energy of one inference above idle": record.measurement.above_idle,
        "saving against L": record.saving,
    }
    return [
        line
        for title, estimate in titled.items()
        if estimate is not None
        for line in ("", *budget_table(f"{variant}, {title}", estimate))
    ]


def _energy(estimate: EstimateRecord) -> str:
    return f"{estimate.value * 1e6:.3f} ± {estimate.expanded * 1e6:.3f} uJ"
