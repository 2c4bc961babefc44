"""What was measured: values with their budgets, and the windows and traces they are from."""

from pydantic import FiniteFloat

from bench.report.record.base import Record


class BudgetRow(Record):
    """One influence of an uncertainty budget; `dof` may be infinite."""

    influence: str
    standard: float
    share: float
    dof: float


class EstimateRecord(Record):
    """A measured value with its expanded uncertainty and budget."""

    value: FiniteFloat
    unit: str
    standard: FiniteFloat
    expanded: FiniteFloat
    coverage_factor: float
    dof: float
    budget: tuple[BudgetRow, ...]


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

    power_cycle: int
    inferences: int
    seconds: float
    device_seconds: float
    energy: float
    mean_current: float
    lowest_voltage: float
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

    samples: int
    seconds: float
    mean_power: float
    mean_current: float
    trace: str
    sha256: str


class PlanRecord(Record):
    """How windows were planned: see `bench.measurement.capture.WindowPlan`."""

    rate: float
    inferences: int
    warm_up: int
    pre: int
    post: int


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
