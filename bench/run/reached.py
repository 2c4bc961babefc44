"""What a run reached, in the quantities that limits speak of."""

from bench.report.found import accuracy_of
from bench.report.record import AccuracyRecord, BaseRecord, Report, VariantRecord
from bench.verdict.limits import Quantity
from bench.verdict.subjects import difference

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
    """Accuracy, and how much less than the base's it is, each with half its interval."""
    entry = accuracy_of(record)
    if entry is None or entry.accuracy is None:
        return {}
    found: Reached = {"accuracy": (entry.accuracy, _half(entry.interval))}
    of_base = accuracy_of(base)
    if of_base is not None and of_base.accuracy is not None:
        drop = of_base.accuracy - entry.accuracy
        found["accuracy drop"] = (drop, _half_of_difference(of_base, entry))
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


def _half(interval: tuple[float, float] | None) -> float:
    """Half an interval over subjects: an expanded uncertainty."""
    return 0.0 if interval is None else (interval[1] - interval[0]) / 2.0


def _half_of_difference(base: AccuracyRecord, variant: AccuracyRecord) -> float:
    """Of the drop within each subject, who has seen both models."""
    if base.per_subject is None or variant.per_subject is None:
        return 0.0
    drop = difference(base.per_subject, variant.per_subject)
    return _half((drop.low, drop.high))
