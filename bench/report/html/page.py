"""The page: everything that a report has, in one file that needs no network."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from bench.report.found import accuracy_of, arena_of, energy_of
from bench.report.html import figures, generic, paper, text, verdicts
from bench.report.html.pareto import pareto_figure
from bench.report.html.results import (
    FAMILIES,
    TECHNIQUE_NAMES,
    TECHNIQUES,
    Results,
)
from bench.report.html.waveforms import Room, Waveform, room_for, waveforms
from bench.report.notices import Notice, notices
from bench.report.order import natural
from bench.report.outcome import outcome_of
from bench.report.record import Report, StepRecord, VariantRecord
from models.catalog import ACTIVITIES

PACKAGE = "bench.report.html"
_SHOWN_OF_REPORT = ("schema_version", "run", "bases", "variants", "claims", "gate")
_SHOWN_OF_RUN = (
    "mode", "station", "station_description", "dataset", "dataset_digest", "dataset_origin",
    "surrogate", "fold", "split", "seed", "profile", "window", "calibrated", "uncalibrated",
    "reanalysed", "limits", "started", "versions",
)  # fmt: skip
_SHOWN_OF_VARIANT = (
    "variant", "network", "technique", "error", "model", "accuracy", "steps", "paper_steps",
    "expected_undeployable", "measurement", "attempts", "judgements", "saving", "live",
    "why_no_live",
)  # fmt: skip
_SHOWN_OF_MEASUREMENT = (
    "latency", "energy", "above_idle", "idle_power", "supply_current", "arena", "clock_hz",
    "operators", "windows", "supply_score",
)  # fmt: skip
GOLDEN = "golden outputs"
GOOD = ("runs", "fits")
"""Outcomes of which there is no trouble to tell."""


@dataclass(frozen=True)
class Row:
    """A variant as a row of the table, and all that unfolds from it."""

    record: VariantRecord
    outcome: str
    accuracy: float | None
    interval: tuple[float, float] | None
    size: int | None
    arena: float | None
    latency: float | None
    energy: float | None
    expanded: float | None
    above_idle: float | None
    saving: float | None
    refused: StepRecord | None
    golden: StepRecord | None
    waveforms: tuple[Waveform, ...]
    extras: generic.Extras


def render(report: Report, traces: Path) -> str:
    """The page for a report whose trace files are in the folder `traces`."""
    results = Results(report)
    room = room_for([len(r.measurement.windows) for r in report.variants if r.measurement])
    ordered = sorted(report.variants, key=lambda record: natural(record.variant))
    rows = [_row(results, record, traces, room) for record in ordered]
    return environment().get_template("report.html.j2").render(
        report=report,
        started=_time(report.run.started),
        gate_started=_time(report.gate.started) if report.gate else "",
        run=report.run,
        results=results,
        rows=rows,
        notices=list(_notices(report, rows)),
        troubles=[row for row in rows if row.outcome not in GOOD],
        outcomes=Counter(row.outcome for row in rows),
        judgements=_judgements(report),
        changes=Counter(c.change for c in report.gate.comparisons) if report.gate else Counter(),
        claims=Counter(claim.verdict for claim in report.claims),
        own_claims=[c for c in report.claims if not c.claim.startswith(paper.CELL)],
        cell_claims=[c for c in report.claims if c.claim.startswith(paper.CELL)],
        table_2=paper.table_2(results),
        table_3={family: paper.table_3(results, family) for family in FAMILIES},
        accuracy_figures=_present(figures.accuracy_figure(results, f) for f in FAMILIES),
        energy_figures=_present(figures.energy_figure(results, f) for f in FAMILIES),
        saving_figure=figures.saving_figure(results),
        pareto=pareto_figure(results),
        energy_decimals=_decimals(rows),
        extras=[
            *generic.extras(report, _SHOWN_OF_REPORT),
            *generic.sections(report.run, _SHOWN_OF_RUN),
        ],
        run_figures=generic.figures(report.run, _SHOWN_OF_RUN),
    )  # fmt: skip


def environment() -> jinja2.Environment:
    """Templates with what they call."""
    env = jinja2.Environment(
        loader=jinja2.PackageLoader(PACKAGE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {"number": text.number, "percent": text.percent, "quantity": text.quantity}
    env.globals |= {
        "measured": text.measured,
        "significant": text.significant,
        "span": text.span,
        "verdict": verdicts.verdict,
        "sign": verdicts.sign,
        "legend_mark": figures.legend_mark,
        "asset": _asset,
        "NONE": text.NONE,
        "FAMILIES": FAMILIES,
        "TECHNIQUES": TECHNIQUES,
        "TECHNIQUE_NAMES": TECHNIQUE_NAMES,
        "ACTIVITIES": ACTIVITIES,
    }
    return env


def _asset(name: str) -> Markup:
    """A style sheet or script of this package, as it is."""
    return Markup(resources.files(PACKAGE).joinpath("templates", name).read_text("utf-8"))  # noqa: S704


def _row(results: Results, record: VariantRecord, traces: Path, room: Room) -> Row:
    accuracy, energy, measured = accuracy_of(record), energy_of(record), record.measurement
    saving = results.saving(record.network, record.technique) if record.technique != "L" else None
    extras = generic.extras(record, _SHOWN_OF_VARIANT)
    if measured is not None:
        extras += generic.extras(measured, _SHOWN_OF_MEASUREMENT)
    return Row(
        record=record,
        outcome=outcome_of(record),
        accuracy=None if accuracy is None else accuracy.accuracy,
        interval=None if accuracy is None else accuracy.interval,
        size=None if record.model is None else record.model.size,
        arena=arena_of(record),
        latency=None if measured is None else measured.latency,
        energy=None if energy is None else energy.value,
        expanded=None if energy is None else energy.expanded,
        above_idle=None if measured is None else measured.above_idle.value,
        saving=None if saving is None else saving.share,
        refused=record.refused,
        golden=next((step for step in record.steps if step.name == GOLDEN), None),
        waveforms=() if measured is None else waveforms(measured, traces, room),
        extras=extras,
    )


def _notices(report: Report, rows: list[Row]) -> Iterator[Notice]:
    """Those of the report, and what this page cannot show."""
    yield from notices(report)
    missing = [wave for row in rows for wave in row.waveforms if wave.missing]
    if missing:
        total = sum(len(row.waveforms) for row in rows)
        yield Notice(
            "light", "Traces missing",
            f"{len(missing)} of {total} waveforms cannot be drawn; first: {missing[0].missing}.",
        )  # fmt: skip


def _judgements(report: Report) -> Counter[str]:
    """How many quantities have each outcome by their limit."""
    judged = [j for variant in report.variants for j in variant.judgements]
    judged += [j for base in report.bases for j in base.judgements]
    return Counter(judgement.outcome for judgement in judged)


def _time(started: str) -> str:
    """A time of ISO 8601 as people write it, to the minute."""
    try:
        at = datetime.fromisoformat(started)
    except ValueError:
        return started or text.NONE
    return f"{at:%Y-%m-%d %H:%M} {at.tzname() or ''}".rstrip()


def _present(drawings: Iterator[Any]) -> list[figures.Drawing]:
    return [drawing for drawing in drawings if drawing is not None]


def _decimals(rows: list[Row]) -> int:
    """Decimals of energies in µJ: the first digit of the smallest uncertainty."""
    smallest = min((row.expanded for row in rows if row.expanded), default=0.0)
    return min(3, text.decimals_of(smallest * 1e6)) if smallest else 1
