"""From the values of a run to its records."""

from collections.abc import Mapping

from bench.report.convert import estimate_record
from bench.report.record import (
    AccuracyRecord,
    IdleRecord,
    MeasurementRecord,
    ModelRecord,
    PlanRecord,
    WindowRecord,
)
from bench.run.subject import Measured, MeasuredIdle, MeasuredWindow
from models.accuracy import NotMeasured, RuntimeAccuracy
from models.manifest import Manifest


def accuracy_records(
    by_runtime: Mapping[str, RuntimeAccuracy | NotMeasured],
) -> tuple[AccuracyRecord, ...]:
    """The accuracy in each runtime, or why there is none; the reference runtime first."""
    return tuple(
        AccuracyRecord(runtime=runtime, reason=found.reason)
        if isinstance(found, NotMeasured)
        else AccuracyRecord(
            runtime=runtime,
            accuracy=found.accuracy,
            interval=found.interval,
            per_subject={s: score.accuracy for s, score in found.per_subject.items()},
            confusion=found.confusion,
        )
        for runtime, found in by_runtime.items()
    )


def model_record(manifest: Manifest) -> ModelRecord:
    """A variant's model as its manifest describes it."""
    return ModelRecord(
        size=manifest.model.size,
        sha256=manifest.model.sha256,
        crc32=manifest.model.crc32,
        macs=manifest.macs,
        parameters=manifest.parameters,
        kernels=tuple(
            f"{use.count} x {use.operator} {use.input}"
            + (f" x {use.weights}" if use.weights else "")
            for use in manifest.operators
        ),
        provenance={name: str(value) for name, value in manifest.provenance.model_dump().items()},
    )


def measurement_record(measured: Measured) -> MeasurementRecord:
    """A measurement with all its windows."""
    energies, plan = measured.energies, measured.plan
    return MeasurementRecord(
        latency=measured.latency,
        energy=estimate_record(energies.gross),
        above_idle=estimate_record(energies.above_idle),
        idle_power=estimate_record(energies.idle_power),
        supply_current=measured.supply_current,
        supply_score=measured.supply_score,
        arena=measured.arena,
        clock_hz=measured.clock_hz,
        operators=measured.operators,
        windows=tuple(window_record(window, plan.inferences) for window in measured.windows),
        plan=PlanRecord(
            rate=plan.rate,
            inferences=plan.inferences,
            warm_up=plan.warm_up,
            pre=plan.pre,
            post=plan.post,
        ),
        idle=tuple(_idle(reading) for reading in measured.idle),
    )


def window_record(window: MeasuredWindow, inferences: int) -> WindowRecord:
    """A window of so many inferences."""
    energy = window.energy
    return WindowRecord(
        power_cycle=window.power_cycle,
        inferences=inferences,
        seconds=energy.seconds,
        device_seconds=window.device_seconds,
        energy=energy.energy,
        mean_current=energy.mean_current,
        lowest_voltage=energy.lowest,
        trace=window.trace,
        sha256=window.sha256,
    )


def _idle(reading: MeasuredIdle) -> IdleRecord:
    return IdleRecord(
        samples=reading.samples,
        seconds=reading.energy.seconds,
        mean_power=reading.energy.mean_power,
        mean_current=reading.energy.mean_current,
        trace=reading.trace,
        sha256=reading.sha256,
    )
