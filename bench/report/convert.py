"""From the bench's values to the records that are written."""

from bench.device.deployability import Step
from bench.measurement.uncertainty import Estimate
from bench.report.record import (
    BudgetRow,
    CalibrationRecord,
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
        rule=judgement.rule.value,
        outcome=judgement.outcome.value,
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
