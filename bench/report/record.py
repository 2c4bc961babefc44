"""The record of a run, as it is written to JSON: schema version 1.

`Report` is the file; a `VariantRecord` is all that a run found out about a variant on a station, a
`BaseRecord` what it knows of a base. Quantities are in SI units. Nothing here depends on the order
of work or on the number of workers; what changes from run to run with the same seed is in
`RunFacts` alone: when it started, with which versions, and whose calibration was past due by then.
"""

import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

SCHEMA_VERSION = 1


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class BudgetRow(_Record):
    """One influence of an uncertainty budget; `dof` may be infinite."""

    influence: str
    standard: float
    share: float
    dof: float


class EstimateRecord(_Record):
    """A measured value with its expanded uncertainty and budget."""

    value: FiniteFloat
    unit: str
    standard: FiniteFloat
    expanded: FiniteFloat
    coverage_factor: float
    dof: float
    budget: tuple[BudgetRow, ...]


class WindowRecord(_Record):
    """One window: its figures and the trace file that they come from.

    Attributes:
        power_cycle: Of the variant's attempt, counted from 1.
        inferences: In the window.
        seconds: Its length in s by the card's clock.
        device_seconds: Its length in s by the device's timer.
        energy: In J, of the whole window, gross.
        mean_current: In A.
        lowest_voltage: Across the device, in V.
        trace: File in the report's ``traces`` folder.
        sha256: Of the trace's content.
    """

    power_cycle: int
    inferences: int
    seconds: float
    device_seconds: float
    energy: float
    mean_current: float
    lowest_voltage: float
    trace: str
    sha256: str


class IdleRecord(_Record):
    """A stretch of waiting and the trace file that its figures come from.

    Attributes:
        samples: Of each channel in the trace.
        seconds: Its length in s by the card's clock.
        mean_power: Of the device, in W.
        mean_current: In A.
        trace: File in the report's ``traces`` folder.
        sha256: Of the trace's content.
    """

    samples: int
    seconds: float
    mean_power: float
    mean_current: float
    trace: str
    sha256: str


class PlanRecord(_Record):
    """How windows were planned: see `bench.measurement.capture.WindowPlan`."""

    rate: float
    inferences: int
    warm_up: int
    pre: int
    post: int


class StepRecord(_Record):
    """A step of deployability."""

    name: str
    kept: bool
    note: str
    figure: float | None
    limit: float | None
    unit: str
    margin: float | None


class JudgementRecord(_Record):
    """A quantity judged by a limit."""

    quantity: str
    unit: str
    value: float
    expanded_uncertainty: float
    bound: Literal["min", "max"]
    limit: float
    rule: str
    outcome: str
    margin: float
    source: str


class AccuracyRecord(_Record):
    """The accuracy in one runtime with its interval over subjects, or why there is none."""

    runtime: str
    accuracy: float | None = None
    interval: tuple[float, float] | None = None
    per_subject: dict[int, float] | None = None
    confusion: tuple[tuple[int, ...], ...] | None = None
    reason: str | None = None


class ModelRecord(_Record):
    """The model file and what its manifest says of it."""

    size: int
    sha256: str
    crc32: int
    macs: int | None = None
    parameters: int | None = None
    kernels: tuple[str, ...] = ()
    provenance: dict[str, str] = Field(default_factory=dict)


class MeasurementRecord(_Record):
    """What was measured on the station.

    Attributes:
        latency: Of one inference by the device's timer, in s.
        energy: Of one inference, gross.
        above_idle: Of one inference, less what waiting would have taken.
        idle_power: While waiting.
        supply_current: The supply's own reading in A at the end of the measurement, while idle.
        supply_score: En score of the shunt's current beside it; None in older reports.
        arena: Bytes of the arena that the device reports as used.
        clock_hz: The device's clock.
        operators: Name and time in s of each operator, by the device.
        windows: In the order of measurement.
        plan: Of each window.
        idle: Stretches of waiting before and after the windows.
    """

    latency: float
    energy: EstimateRecord
    above_idle: EstimateRecord
    idle_power: EstimateRecord
    supply_current: float
    supply_score: float | None = None
    arena: int
    clock_hz: int
    operators: tuple[tuple[str, float], ...]
    windows: tuple[WindowRecord, ...]
    plan: PlanRecord | None = None
    idle: tuple[IdleRecord, ...] = ()


class CheckRecord(_Record):
    """A check of the station's self-check (`bench.run.doctor`).

    Attributes:
        name: What was looked at.
        verdict: ``ok``, ``failed`` or ``not possible``.
        note: What was seen, or why the check was not possible.
        figure: What was found, in `unit`; None where it is no number.
        limit: What it may be, in `unit`.
        unit: SI unit, ``1`` for a ratio or a count.
        margin: What is left to the limit, in `unit`; negative beyond it.
        error: What is wrong and what to do, after the error's class; None unless it failed.
        attempt: Counted from 1; the last one counts.
    """

    name: str
    verdict: Literal["ok", "failed", "not possible"]
    note: str = ""
    figure: float | None = None
    limit: float | None = None
    unit: str = ""
    margin: float | None = None
    error: str | None = None
    attempt: int = 1


class LiveRecord(_Record):
    """Live operation: the sensor is sampled at 50 Hz, a window of 128 samples inferred every 64.

    Attributes:
        idle_state: What the device does between two samples, as it says.
        windows: That it classified.
        samples: That it took from its sensor.
        gaps: After which it began a window afresh.
        lost: Samples that the sensor dropped because they were not fetched.
        predictions: The class of each window.
        offline: What the evaluation's runtime makes of the same samples; empty on hardware.
        rate: Of the sensor in Hz, by the card's clock.
        duty: Share of the time in which it infers.
        power: On average over whole steps, as `current`.
        current: Through the shunt.
        battery_capacity: In C (A s).
        battery_life: In s: capacity over `current`, as a linear regulator leaves it.
        trace: File in the report's ``traces`` folder.
        sha256: Of the trace's content.
        problems: What is wrong with it, each in a sentence.
    """

    idle_state: str
    windows: int
    samples: int
    gaps: int
    lost: int
    predictions: tuple[int, ...]
    offline: tuple[int, ...]
    rate: float
    duty: float
    power: EstimateRecord
    current: EstimateRecord
    battery_capacity: float
    battery_life: float
    trace: str
    sha256: str
    problems: tuple[str, ...]


class AttemptRecord(_Record):
    """One attempt at a measurement; `error` is None for the one that counts."""

    number: int
    error: str | None


class VariantRecord(_Record):
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
        return bool(self.steps) and all(step.kept for step in self.steps)


class BaseRecord(_Record):
    """The accuracy of a base, the Keras model itself."""

    network: str
    accuracy: tuple[AccuracyRecord, ...]
    judgements: tuple[JudgementRecord, ...] = ()


class ClaimRecord(_Record):
    """One of the paper's claims and what this run says of it.

    Attributes:
        explanation: Why a difference from the paper is expected; empty if none is.
    """

    claim: str
    verdict: Literal["agrees", "contradicts", "undecided", "calibrated"]
    published: str
    found: str
    explanation: str = ""


class CalibrationRecord(_Record):
    """A calibration record that the results rest on.

    Attributes:
        kind: What it calibrates: ``shunt``, ``card``, ``supply`` or ``time base``.
        file: Its file's name.
        sha256: Of the file.
        certificate: Number of the certificate.
        date: Of the calibration.
        due: Last day on which it holds.
        verified: Whether somebody has checked the file against the certificate.
        text: What the file says, so that results can be computed again.
    """

    kind: str
    file: str
    sha256: str
    certificate: str
    date: datetime.date
    due: datetime.date
    verified: bool
    text: str


class ComparisonRecord(_Record):
    """A quantity of a variant against its baseline.

    Attributes:
        variant: Its name.
        quantity: ``energy``, ``latency``, ``bytes``, ``arena`` or ``accuracy``.
        unit: Of `baseline` and `value`.
        baseline: Value in the baseline.
        value: Value in this run.
        ratio: Of this run to the baseline, by power cycles where there are any.
        low: Lower end of the ratio's confidence interval.
        high: Upper end.
        adjusted_p: P-value of no change after the control of false discoveries over the matrix.
        method: How the interval was found.
        change: ``better``, ``same``, ``worse`` or ``inconclusive``.
    """

    variant: str
    quantity: str
    unit: str
    baseline: float
    value: float
    ratio: float
    low: float
    high: float
    adjusted_p: float
    method: str
    change: Literal["better", "same", "worse", "inconclusive"]

    def __str__(self) -> str:
        unit = "" if self.unit == "1" else f" {self.unit}"
        spread = (
            f" ({self.low - 1.0:+.2%} to {self.high - 1.0:+.2%})" if self.low < self.high else ""
        )
        return (
            f"{self.quantity} {self.change}: {self.value:.6g}{unit}, baseline "
            f"{self.baseline:.6g}{unit}, {self.ratio - 1.0:+.2%}{spread}, adjusted p "
            f"{self.adjusted_p:.2g} by {self.method}"
        )


class GateRecord(_Record):
    """A run compared with a baseline.

    Attributes:
        baseline: Name of the baseline's file.
        started: When the baseline was run.
        margin: Relative change that counts as none.
        level: Error probability of the intervals, and the false-discovery rate.
        between_sessions: Relative standard deviation between sessions, and where it is from.
        skipped: Why nothing was compared, or empty.
        left_out: Variants that were not compared, with the reason.
        comparisons: All that were, quantity by quantity.
    """

    baseline: str
    started: str = ""
    margin: float | None = None
    level: float | None = None
    between_sessions: str = ""
    skipped: str = ""
    left_out: dict[str, str] = Field(default_factory=dict)
    comparisons: tuple[ComparisonRecord, ...] = ()

    def of(self, variant: str) -> tuple[ComparisonRecord, ...]:
        """What was compared of `variant`."""
        return tuple(record for record in self.comparisons if record.variant == variant)

    def why_not(self, variant: str) -> str:
        """Why nothing of `variant` was compared; for one of which nothing was."""
        return self.skipped or self.left_out.get(variant, "not in this run")


class RunFacts(_Record):
    """What was run, where and on what.

    Attributes:
        mode: ``sim`` or ``hw``.
        station: Name and description of the station.
        dataset: Name, digest and origin of the data set.
        surrogate: Whether the built-in stand-in took its place.
        split: The split in words.
        profile: Layout of the device: ``bench``, or ``paper (built)`` or ``paper (inferred)`` by
            where the application's size is from.
        window: ``default`` or ``paper``.
        calibrated: Whether every figure that results rest on is from a valid, verified record.
        uncalibrated: If not, a reason for each record that is wanting.
        calibration: The records in use; for a kind without one the makers' figures stand in.
        station_file: What the station file says, so that results can be computed again.
        reanalysed: SHA-256 of the report that this one was computed again from, or empty.
    """

    mode: Literal["sim", "hw"]
    station: str
    station_description: str
    dataset: str
    dataset_digest: str
    dataset_origin: str
    surrogate: bool
    fold: int
    split: str
    seed: int
    profile: str
    window: str
    calibrated: bool
    uncalibrated: tuple[str, ...] = ()
    calibration: tuple[CalibrationRecord, ...] = ()
    station_file: str = ""
    reanalysed: str = ""
    limits: str
    started: str = ""
    versions: dict[str, str] = Field(default_factory=dict)


class Report(_Record):
    """A whole run; `self_check` is the station's at its start, empty if none was used."""

    schema_version: Annotated[int, Field(ge=1)] = SCHEMA_VERSION
    run: RunFacts
    bases: tuple[BaseRecord, ...] = ()
    variants: tuple[VariantRecord, ...] = ()
    claims: tuple[ClaimRecord, ...] = ()
    self_check: tuple[CheckRecord, ...] = ()
    gate: GateRecord | None = None
