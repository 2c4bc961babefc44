"""A report cut down to what the gate compares, small enough to be committed."""

from bench.report.record import (
    AccuracyRecord,
    EstimateRecord,
    MeasurementRecord,
    Report,
    VariantRecord,
)


def as_baseline(report: Report) -> Report:
    """`report` without what no comparison looks at, above all without places on a machine."""
    run = report.run.model_copy(
        update={"dataset_origin": "", "station_file": "", "calibration": (), "limits": ""}
    )
    return Report(
        run=run,
        variants=tuple(
            _cut(variant, variant.measurement) for variant in report.variants if variant.measurement
        ),
    )


def _cut(variant: VariantRecord, measured: MeasurementRecord) -> VariantRecord:
    return VariantRecord(
        variant=variant.variant,
        network=variant.network,
        technique=variant.technique,
        model=variant.model,
        accuracy=tuple(_scores(entry) for entry in variant.accuracy if entry.per_subject),
        measurement=_windows(measured),
        reference=variant.reference,
    )


def _scores(entry: AccuracyRecord) -> AccuracyRecord:
    return entry.model_copy(update={"confusion": None})


def _windows(measured: MeasurementRecord) -> MeasurementRecord:
    estimates = {
        name: _figure(getattr(measured, name)) for name in ("energy", "above_idle", "idle_power")
    }
    return measured.model_copy(update={**estimates, "operators": (), "plan": None, "idle": ()})


def _figure(estimate: EstimateRecord) -> EstimateRecord:
    return estimate.model_copy(update={"budget": ()})
