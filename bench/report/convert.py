"""From the bench's values to the records that are written."""

from bench.device.deployability import Step
from bench.measurement.uncertainty import Estimate
from bench.report.record import BudgetRow, EstimateRecord, JudgementRecord, StepRecord
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
