"""The table at the end of a run: a row for each variant."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

from bench.report.display import shown, shown_estimate
from bench.report.found import accuracy_of, planned_arena_of
from bench.report.notices import notice_lines
from bench.report.outcome import outcome_of
from bench.report.record import LiveRecord, Report, VariantRecord
from bench.run.live import DAY
from models.catalog import Technique

_COLUMNS = ("variant", "verdict", "bytes", "arena", "accuracy", "latency", "energy", "saved")

WIDTH = 100
"""Characters that the table needs at least, so that no figure is broken over two lines."""


def summary_lines(report: Report, width: int) -> list[str]:
    """The table as lines of text, `width` characters wide where that is enough."""
    table = Table(box=None, pad_edge=False, header_style="")
    for column in _COLUMNS:
        table.add_column(column, justify="left" if column in _COLUMNS[:2] else "right")
    for record in report.variants:
        table.add_row(*_row(record))
    console = Console(width=max(width, WIDTH), color_system=None, force_terminal=False)
    with console.capture() as capture:
        console.print(table)
    lines = [line.rstrip() for line in capture.get().splitlines()]
    told = notice_lines(report)
    if not report.variants:
        return told
    return [*told, *lines, *_live_lines(report.variants, console)]


def _live_lines(variants: Sequence[VariantRecord], console: Console) -> list[str]:
    """Average power and days on the battery: a row for each network, what they assume above it."""
    found = {(v.network, v.technique): v.live for v in variants if v.live is not None}
    if not found:
        return []
    techniques = [each.value for each in Technique if each in {technique for _, technique in found}]
    table = Table(box=None, pad_edge=False, header_style="")
    for heading in ("live", *techniques):
        table.add_column(heading, justify="left" if heading == "live" else "right")
    for network in dict.fromkeys(network for network, _ in found):
        cells = (found.get((network, technique)) for technique in techniques)
        table.add_row(network, *map(_live_cell, cells))
    with console.capture() as capture:
        console.print(table)
    any_live = next(iter(found.values()))
    said = (
        f"live: {any_live.idle_state}, between samples at 50 Hz, an inference every 1.28 s; "
        f"days on {any_live.battery_capacity / 3.6:g} mAh"
    )
    return ["", said, *(line.rstrip() for line in capture.get().splitlines())]


def _live_cell(live: LiveRecord | None) -> str:
    if live is None:
        return "-"
    return f"{live.power.value * 1e3:.2f} mW, {live.battery_life / DAY:.1f} d"


def _row(record: VariantRecord) -> Iterator[str]:
    yield record.variant
    yield outcome_of(record)
    yield f"{record.model.size:,}" if record.model else "-"
    arena = planned_arena_of(record)
    yield "-" if arena is None else f"{arena:,.0f}"
    accuracy = accuracy_of(record)
    yield "-" if accuracy is None else f"{accuracy.accuracy:.4f}"
    if record.measurement is None:
        yield from ("-", "-", "-")
        return
    yield shown(record.measurement.latency, "s")
    yield shown_estimate(record.measurement.energy)
    saved = record.saving
    yield "-" if saved is None else f"{saved.value:.3%} ± {saved.expanded:.3%}"
