"""The record of a run, as it is written to JSON: schema version 1.

`Report` is the file; a `VariantRecord` is all that a run found out about a variant on a station, a
`BaseRecord` what it knows of a base. Quantities are in SI units. Nothing here depends on the order
of work or on the number of workers; what changes from run to run with the same seed is in
`RunFacts` alone: when it started, with which versions, and whose calibration was past due by then.
"""

from bench.report.record.gate import ComparisonRecord, GateRecord
from bench.report.record.live import LiveRecord
from bench.report.record.measurement import (
    BudgetRow,
    EstimateRecord,
    IdleRecord,
    MeasurementRecord,
    PlanRecord,
    WindowRecord,
)
from bench.report.record.report import SCHEMA_VERSION, ClaimRecord, Report
from bench.report.record.run import CalibrationRecord, CheckRecord, RunFacts
from bench.report.record.variant import (
    AccuracyRecord,
    AttemptRecord,
    BaseRecord,
    JudgementRecord,
    ModelRecord,
    StepRecord,
    VariantRecord,
)

__all__ = [
    "SCHEMA_VERSION",
    "AccuracyRecord",
    "AttemptRecord",
    "BaseRecord",
    "BudgetRow",
    "CalibrationRecord",
    "CheckRecord",
    "ClaimRecord",
    "ComparisonRecord",
    "EstimateRecord",
    "GateRecord",
    "IdleRecord",
    "JudgementRecord",
    "LiveRecord",
    "MeasurementRecord",
    "ModelRecord",
    "PlanRecord",
    "Report",
    "RunFacts",
    "StepRecord",
    "VariantRecord",
    "WindowRecord",
]
