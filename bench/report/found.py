"""The one figure that tables, limits and pages take from a record that has several, or none."""

from bench.report.record import AccuracyRecord, BaseRecord, EstimateRecord, VariantRecord


def accuracy_of(record: VariantRecord | BaseRecord | None) -> AccuracyRecord | None:
    """The accuracy in the first runtime that has one."""
    entries = record.accuracy if record is not None else ()
    return next((entry for entry in entries if entry.accuracy is not None), None)


def energy_of(record: VariantRecord | None) -> EstimateRecord | None:
    """Gross energy of one inference in J."""
    if record is None or record.measurement is None:
        return None
    return record.measurement.energy


def arena_of(record: VariantRecord) -> float | None:
    """Bytes of the arena: as the device reports them, else as planned."""
    if record.measurement is not None:
        return float(record.measurement.arena)
    return planned_arena_of(record)


def planned_arena_of(record: VariantRecord) -> float | None:
    """Bytes of the arena as planned before anything ran."""
    return next((step.figure for step in record.steps if step.name == "arena"), None)
