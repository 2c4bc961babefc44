"""``records.csv``: a row for each variant, for spreadsheets and other programs.

Units stand in the columns' names; figures are written with all their digits, and what is not known
is left empty. Columns are only ever added, at the end.
"""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass

from bench.report.found import accuracy_of
from bench.report.outcome import outcome_of
from bench.report.record import (
    AccuracyRecord,
    MeasurementRecord,
    ModelRecord,
    Report,
    RunFacts,
    VariantRecord,
)

Cell = str | int | float | None


@dataclass(frozen=True)
class Column:
    """A column: its name with the unit, what it says, and where it comes from."""

    name: str
    meaning: str
    of: Callable[[RunFacts, VariantRecord], Cell]


def _of_model(name: str, meaning: str, of: Callable[[ModelRecord], Cell]) -> Column:
    return Column(name, meaning, lambda _, r: of(r.model) if r.model else None)


def _of_accuracy(name: str, meaning: str, of: Callable[[AccuracyRecord], Cell]) -> Column:
    def cell(_: RunFacts, record: VariantRecord) -> Cell:
        found = accuracy_of(record)
        return of(found) if found else None

    return Column(name, meaning, cell)


def _measured(name: str, meaning: str, of: Callable[[MeasurementRecord], Cell]) -> Column:
    return Column(name, meaning, lambda _, r: of(r.measurement) if r.measurement else None)


COLUMNS = (
    Column("variant", "network and technique", lambda _, r: r.variant),
    Column("network", "row of the paper's Table 1, or one of your own", lambda _, r: r.network),
    Column("technique", "L, D or F; own for a model of your own", lambda _, r: r.technique),
    Column(
        "outcome",
        "runs, does not fit, not run, bench error, or the first limit's failure",
        lambda _, r: outcome_of(r),
    ),
    Column(
        "refused_step",
        "the step of deployability that was not kept",
        lambda _, r: r.refused.name if r.refused else None,
    ),
    Column("error", "the bench error, if there was one", lambda _, r: r.error),
    Column("attempts", "attempts at the measurement", lambda _, r: len(r.attempts)),
    _of_model("model_B", "size of the model file", lambda m: m.size),
    _of_model("model_sha256", "SHA-256 of the model file", lambda m: m.sha256),
    _of_model("macs", "multiply-accumulates of an inference", lambda m: m.macs),
    _of_model("parameters", "weights and biases", lambda m: m.parameters),
    _of_accuracy("accuracy", "share of the test windows, 0 to 1", lambda a: a.accuracy),
    _of_accuracy(
        "accuracy_low",
        "lower end of its 95 % interval over subjects",
        lambda a: a.interval[0] if a.interval else None,
    ),
    _of_accuracy(
        "accuracy_high", "upper end", lambda a: a.interval[1] if a.interval else None
    ),
    _of_accuracy("accuracy_runtime", "runtime that it is from", lambda a: a.runtime),
    _measured("arena_B", "arena that the device reports as used", lambda m: m.arena),
    _measured("latency_s", "one inference, by the device's timer", lambda m: m.latency),
    _measured("energy_J", "one inference, gross", lambda m: m.energy.value),
    _measured(
        "energy_expanded_J", "its expanded uncertainty U", lambda m: m.energy.expanded
    ),
    _measured(
        "energy_coverage_factor", "k of U, about 95 %", lambda m: m.energy.coverage_factor
    ),
    _measured(
        "above_idle_J",
        "one inference, less what waiting for as long would have taken",
        lambda m: m.above_idle.value,
    ),
    _measured("above_idle_expanded_J", "its U", lambda m: m.above_idle.expanded),
    _measured("idle_power_W", "while waiting", lambda m: m.idle_power.value),
    _measured("idle_power_expanded_W", "its U", lambda m: m.idle_power.expanded),
    _measured(
        "supply_current_A", "the supply's own reading while measuring", lambda m: m.supply_current
    ),
    _measured("clock_Hz", "clock of the device", lambda m: m.clock_hz),
    _measured("windows", "windows measured", lambda m: len(m.windows)),
    _measured(
        "inferences_per_window",
        "inferences in a window",
        lambda m: m.windows[0].inferences if m.windows else None,
    ),
    _measured(
        "lowest_voltage_V",
        "lowest voltage across the device in any window",
        lambda m: min((window.lowest_voltage for window in m.windows), default=None),
    ),
    Column("started", "start of the run, ISO 8601", lambda run, _: run.started),
    Column("mode", "sim or hw", lambda run, _: run.mode),
    Column("station", "name of the station", lambda run, _: run.station),
    Column("dataset", "name of the data set", lambda run, _: run.dataset),
    Column("fold", "fold of the test subjects", lambda run, _: run.fold),
    Column("seed", "seed of the training", lambda run, _: run.seed),
    Column("profile", "layout of the device", lambda run, _: run.profile),
    Column("window", "default or paper", lambda run, _: run.window),
)  # fmt: skip


def table(report: Report) -> str:
    """The report's variants as CSV (RFC 4180, with line feeds), the names of `COLUMNS` first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(column.name for column in COLUMNS)
    for record in report.variants:
        writer.writerow(column.of(report.run, record) for column in COLUMNS)
    return text.getvalue()
