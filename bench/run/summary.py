"""The table at the end of a run: a row for each variant."""

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from bench.report.outcome import notices, outcome_of
from bench.report.record import Report, VariantRecord

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
    return [*notices(report), *lines] if report.variants else notices(report)


def _row(record: VariantRecord) -> Iterator[str]:
    yield record.variant
    yield outcome_of(record)
    yield f"{record.model.size:,}" if record.model else "-"
    arena = next((step.figure for step in record.steps if step.name == "arena"), None)
    yield "-" if arena is None else f"{arena:,.0f}"
    accuracy = next((entry.accuracy for entry in record.accuracy if entry.accuracy), None)
    yield "-" if accuracy is None else f"{accuracy:.4f}"
    if record.measurement is None:
        yield from ("-", "-", "-")
        return
    yield f"{record.measurement.latency * 1e3:.3f} ms"
    energy = record.measurement.energy
    yield f"{energy.value * 1e6:.1f} ± {energy.expanded * 1e6:.1f} uJ"
    saved = record.saving
    yield "-" if saved is None else f"{saved.value:.3%} ± {saved.expanded:.3%}"
