"""From the bench's values to the records that are written."""

from collections.abc import Sequence

from bench.device.deployability import Step
from bench.measurement.checks import Check
from bench.measurement.uncertainty import Estimate
from bench.report.record import (
    BudgetRow,
    CalibrationRecord,
    CheckRecord,
    EstimateRecord,
    JudgementRecord,
    StepRecord,
)
from bench.station.calibration import Calibration
from bench.verdict.rules import Judgement


def estimate_record(estimate: Estimate) -> EstimateRecord:
    """An estimate as a record."""
    return EstimateRecord(
        value=estimate.value,
        unit=estimate.unit,
        standard=estimate.standard,
        expanded=estimate.expanded,
        coverage_factor=estimate.coverage_factor,
        dof=estimate.dof,
        budget=tuple(
            BudgetRow(influence=r.influence, standard=r.standard, share=r.share, dof=r.dof)
            for r in estimate.budget
        ),
    )


def check_records(attempts: Sequence[Sequence[Check]]) -> tuple[CheckRecord, ...]:
    """The checks of each attempt at a self-check as records."""
    return tuple(
        CheckRecord(
            name=check.name,
            verdict=check.verdict.value,
            note=check.note,
            figure=check.figure,
            limit=check.limit,
            unit=check.unit,
            margin=check.margin,
            error=None if check.error is None else f"{type(check.error).__name__}: {check.error}",
            attempt=number,
        )
        for number, checks in enumerate(attempts, start=1)
        for check in checks
    )


def step_record(step: Step) -> StepRecord:
    """A step of deployability as a record."""
    return StepRecord(
        name=step.name,
        kept=step.kept,
        note=step.note,
        figure=step.figure,
        limit=step.limit,
        unit=step.unit,
        margin=step.margin,
    )


def judgement_record(judgement: Judgement) -> JudgementRecord:
    """A judgement as a record."""
    return JudgementRecord(
        quantity=judgement.quantity,
        unit=judgement.unit,
        value=judgement.value,
        expanded_uncertainty=judgement.expanded_uncertainty,
        bound="min" if judgement.bound == "min" else "max",
        limit=judgement.limit,
        rule=judgement.rule,
        outcome=judgement.outcome,
        margin=judgement.margin,
        source=judgement.source,
    )


def calibration_records(calibration: Calibration) -> tuple[CalibrationRecord, ...]:
    """The records of a calibration that come from files."""
    return tuple(
        CalibrationRecord(
            kind=kind,
            file=file.name,
            sha256=file.sha256,
            certificate=calibration.record(kind).certificate,
            date=calibration.record(kind).date,
            due=calibration.record(kind).due,
            verified=calibration.record(kind).verified,
            text=file.text,
        )
        for kind, file in calibration.files.items()
    )
