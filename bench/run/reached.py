"""What a run reached, in the quantities that limits speak of."""

from bench.report.found import accuracy_of
from bench.report.record import BaseRecord, Report, VariantRecord
from bench.verdict.limits import Quantity

Reached = dict[Quantity, tuple[float, float]]
"""Value and expanded uncertainty of each quantity, in its unit."""


def reached(report: Report) -> dict[str, Reached]:
    """Of each base and variant of a report, by name."""
    bases = {record.network: record for record in report.bases}
    found: dict[str, Reached] = {}
    for record in report.bases:
        found[f"{record.network}-base"] = accuracy_reached(record, None)
    for variant in report.variants:
        accuracy = accuracy_reached(variant, bases.get(variant.network))
        found[variant.variant] = accuracy | device_reached(variant)
    return found


def accuracy_reached(record: BaseRecord | VariantRecord, base: BaseRecord | None) -> Reached:
    """Accuracy, and how much less than the base's it is."""
    value = _accuracy(record)
    if value is None:
        return {}
    found: Reached = {"accuracy": (value, _half_interval(record))}
    if base is not None and (of_base := _accuracy(base)) is not None:
        found["accuracy drop"] = (of_base - value, 0.0)
    return found


def device_reached(record: VariantRecord) -> Reached:
    """Size, and what was measured on the device if the variant runs."""
    found: Reached = {}
    if record.model is not None:
        found["bytes"] = (float(record.model.size), 0.0)
    if record.measurement is not None:
        measured = record.measurement
        found["arena"] = (float(measured.arena), 0.0)
        found["latency"] = (measured.latency, 0.0)
        found["energy"] = (measured.energy.value, measured.energy.expanded)
    if record.saving is not None:
        found["saving"] = (record.saving.value, record.saving.expanded)
    return found


def _accuracy(record: BaseRecord | VariantRecord) -> float | None:
    entry = accuracy_of(record)
    return None if entry is None else entry.accuracy


def _half_interval(record: BaseRecord | VariantRecord) -> float:
    """Half the interval of the accuracy over subjects: its expanded uncertainty."""
    entry = accuracy_of(record)
    if entry is None or entry.interval is None:
        return 0.0
    low, high = entry.interval
    return (high - low) / 2.0
