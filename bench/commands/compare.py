"""``python -m bench compare``: two reports side by side, for people and for CI."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from bench.commands.terminal import console
from bench.errors import BenchError
from bench.report.display import shown
from bench.report.files import load_report, refuse_to_overwrite, report_file, write_atomically
from bench.report.record import ComparisonRecord, GateRecord
from bench.verdict.gate import fails

_SIGNS = {"better": "▼", "same": "=", "worse": "▲", "inconclusive": "?"}
_COLUMNS = ("variant", "quantity", "baseline", "now", "change", "interval", "verdict")


def compare(
    baseline: Annotated[
        Path,
        typer.Argument(
            metavar="BASELINE", help="Report of the baseline: its folder or report.json."
        ),
    ],
    report: Annotated[
        Path, typer.Argument(metavar="REPORT", help="Report of the run to be judged, likewise.")
    ],
    limits: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Limits file whose `[gate]` has margin, level and spread."
        ),
    ] = None,
    history: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Past reports, for the spread between sessions."),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Inconclusive comparisons fail too.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Show what stayed the same, too.")
    ] = False,
    markdown: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write the table here, for a pull request."),
    ] = None,
) -> None:
    """Compare two reports: is anything larger, slower, less accurate or hungrier?

    Energies and latencies are compared by power cycles, with a confidence interval, and each
    quantity with one false-discovery rate for the whole matrix. Exit code 0: nothing is worse; 3:
    something is, or a variant of the baseline does not run any more; 1: they cannot be compared.

    Example: `python -m bench compare main/report.json change/report.json --markdown=change.md`
    """
    from bench.run.gate import DECLARED, LOST, compare_reports, load_past_reports
    from bench.verdict.limits import load_limits

    old, new = report_file(baseline), report_file(report)
    refuse_to_overwrite(markdown, old, new)
    settings = load_limits(limits).gate if limits else None
    past = load_past_reports(history) if history else ()
    found = compare_reports(
        load_report(new), load_report(old), str(baseline), settings or DECLARED, past
    )
    if found.skipped:
        raise BenchError(found.skipped)
    if not found.comparisons:
        raise BenchError(f"{baseline}: nothing to compare {report} with: {_why_nothing(found)}")
    rows = [c for c in found.comparisons if everything or c.change != "same"]
    _print(found, rows)
    if markdown is not None:
        write_atomically(markdown, _markdown(found, rows))
    lost = [name for name, why in found.left_out.items() if why == LOST]
    if lost or any(fails(c.change, strict=strict) for c in found.comparisons):
        raise typer.Exit(3)


def _why_nothing(gate: GateRecord) -> str:
    reasons = "; ".join(f"{name}: {why}" for name, why in gate.left_out.items())
    return reasons or "it has no variants"


def _cells(comparison: ComparisonRecord) -> tuple[str, ...]:
    c = comparison
    interval = f"{c.low - 1.0:+.2%} to {c.high - 1.0:+.2%}" if c.low < c.high else ""
    return (
        c.variant, c.quantity, shown(c.baseline, c.unit), shown(c.value, c.unit),
        f"{c.ratio - 1.0:+.2%}", interval, f"{_SIGNS[c.change]} {c.change}",
    )  # fmt: skip


def _totals(gate: GateRecord) -> str:
    counts = {change: 0 for change in _SIGNS}
    for comparison in gate.comparisons:
        counts[comparison.change] += 1
    return ", ".join(f"{count} {change}" for change, count in counts.items())


def _notes(gate: GateRecord) -> list[str]:
    assert gate.margin is not None
    assert gate.level is not None
    return [
        f"Baseline {gate.baseline} of {gate.started}: {_totals(gate)}.",
        f"Same: the {1.0 - gate.level:.0%} interval lies within {gate.margin:.1%}. "
        f"Spread between sessions: {gate.between_sessions}.",
        *(f"Not compared: {name}: {why}." for name, why in gate.left_out.items()),
    ]


def _print(gate: GateRecord, rows: list[ComparisonRecord]) -> None:
    terminal = console()
    if rows:
        table = Table(box=None, pad_edge=False)
        for column in _COLUMNS:
            table.add_column(
                column, justify="left" if column in _COLUMNS[:2] else "right", no_wrap=True
            )
        for row in rows:
            table.add_row(*_cells(row))
        terminal.print(table)
    for note in _notes(gate):
        terminal.print(note, soft_wrap=True, markup=False)


def _markdown(gate: GateRecord, rows: list[ComparisonRecord]) -> str:
    lines = []
    if rows:
        lines = [f"| {' | '.join(_COLUMNS)} |", "|---|---|" + "---:|" * 5]
        lines += [f"| {' | '.join(_cells(row))} |" for row in rows] + [""]
    return "\n".join([*lines, *(f"{note}\n" for note in _notes(gate))])
