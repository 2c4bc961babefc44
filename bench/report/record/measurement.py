"""What was measured: values with their budgets, and the windows and traces they are from."""

from typing import Annotated

from pydantic import AfterValidator, Field

from bench.report.record.base import (
    LEAST,
    Count,
    Figure,
    Magnitude,
    Positive,
    PositiveCount,
    Record,
    Unbounded,
)


class BudgetRow(Record):
    """One influence of an uncertainty budget; `dof` may be infinite."""

    influence: str
    standard: Magnitude
    share: Magnitude
    dof: Unbounded


class EstimateRecord(Record):
    """A measured value with its expanded uncertainty and budget."""

    value: Figure
    unit: str
    standard: Magnitude
    expanded: Magnitude
    coverage_factor: Magnitude
    dof: Unbounded
    budget: tuple[BudgetRow, ...]


def _is_positive(estimate: EstimateRecord) -> EstimateRecord:
    if estimate.value < LEAST:
        raise ValueError(f"its value is {estimate.value:g} {estimate.unit}, wanted above 0")
    return estimate


PositiveEstimate = Annotated[
    EstimateRecord,
    AfterValidator(_is_positive),
    Field(json_schema_extra={"properties": {"value": {"minimum": LEAST}}}),
]
"""An estimate that is divided by."""


class WindowRecord(Record):
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

    power_cycle: PositiveCount
    inferences: PositiveCount
    seconds: Positive
    device_seconds: Positive
    energy: Positive
    mean_current: Figure
    lowest_voltage: Figure
    trace: str
    sha256: str


class IdleRecord(Record):
    """A stretch of waiting and the trace file that its figures come from.

    Attributes:
        samples: Of each channel in the trace.
        seconds: Its length in s by the card's clock.
        mean_power: Of the device, in W.
        mean_current: In A.
        trace: File in the report's ``traces`` folder.
        sha256: Of the trace's content.
    """

    samples: PositiveCount
    seconds: Positive
    mean_power: Figure
    mean_current: Figure
    trace: str
    sha256: str


class PlanRecord(Record):
    """How windows were planned: see `bench.measurement.capture.WindowPlan`."""

    rate: Positive
    inferences: PositiveCount
    warm_up: Count
    pre: Count
    post: Count


class MeasurementRecord(Record):
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

    latency: Positive
    energy: PositiveEstimate
    above_idle: EstimateRecord
    idle_power: EstimateRecord
    supply_current: Figure
    supply_score: Figure | None = None
    arena: PositiveCount
    clock_hz: Count
    operators: tuple[tuple[str, Magnitude], ...]
    windows: tuple[WindowRecord, ...]
    plan: PlanRecord | None = None
    idle: tuple[IdleRecord, ...] = ()
