"""All that a run found out about a variant, and what it knows of a base."""

from typing import Annotated, Literal

from pydantic import Field

from bench.report.record.base import (
    Count,
    Figure,
    Magnitude,
    PositiveCount,
    Record,
    Share,
    Unbounded,
)
from bench.report.record.live import LiveRecord
from bench.report.record.measurement import EstimateRecord, MeasurementRecord, WindowRecord
from bench.verdict.rules import Outcome, Rule


class StepRecord(Record):
    """A step of deployability."""

    name: str
    kept: bool
    note: str
    figure: Unbounded | None
    limit: Unbounded | None
    unit: str
    margin: Unbounded | None


class JudgementRecord(Record):
    """A quantity judged by a limit."""

    quantity: str
    unit: str
    value: Figure
    expanded_uncertainty: Magnitude
    bound: Literal["min", "max"]
    limit: Figure
    rule: Rule
    outcome: Outcome
    margin: Figure
    source: str


class AccuracyRecord(Record):
    """The accuracy in one runtime with its interval over subjects, or why there is none."""

    runtime: str
    accuracy: Share | None = None
    interval: tuple[Share, Share] | None = None
    per_subject: Annotated[dict[int, Share], Field(min_length=1)] | None = None
    confusion: tuple[tuple[Count, ...], ...] | None = None
    reason: str | None = None


class ModelRecord(Record):
    """The model file and what its manifest says of it."""

    size: PositiveCount
    sha256: str
    crc32: Count
    macs: Count | None = None
    parameters: Count | None = None
    kernels: tuple[str, ...] = ()
    provenance: dict[str, str] = Field(default_factory=dict)


class AttemptRecord(Record):
    """One attempt at a measurement; `error` is None for the one that counts."""

    number: PositiveCount
    error: str | None


class VariantRecord(Record):
    """The result of one variant on one station.

    Attributes:
        saving: Share of the energy of the same network under L that this variant saves, with the
            uncertainty of that share: what both energies have in common cancels.
        reference: Windows of the reference variant, measured before this variant's network.
        live: Its live operation, or None where there was none.
        why_no_live: Why there was none, where the device said so.
    """

    variant: str
    network: str
    technique: str
    error: str | None = None
    model: ModelRecord | None = None
    accuracy: tuple[AccuracyRecord, ...] = ()
    steps: tuple[StepRecord, ...] = ()
    paper_steps: tuple[StepRecord, ...] = ()
    expected_undeployable: str | None = None
    measurement: MeasurementRecord | None = None
    saving: EstimateRecord | None = None
    reference: tuple[WindowRecord, ...] = ()
    live: LiveRecord | None = None
    why_no_live: str | None = None
    attempts: tuple[AttemptRecord, ...] = ()
    judgements: tuple[JudgementRecord, ...] = ()

    @property
    def deployable(self) -> bool:
        """Whether every step of deployability that was tried is kept."""
        return bool(self.steps) and self.refused is None

    @property
    def refused(self) -> StepRecord | None:
        """The first step of deployability that is not kept, or None."""
        return next((step for step in self.steps if not step.kept), None)


class BaseRecord(Record):
    """The accuracy of a base, the Keras model itself."""

    network: str
    accuracy: tuple[AccuracyRecord, ...]
    judgements: tuple[JudgementRecord, ...] = ()
