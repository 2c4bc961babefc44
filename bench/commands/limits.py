"""``python -m bench limits``: limits beside what was reached, and new ones on request."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.table import Table

from bench.commands.terminal import console
from bench.errors import BenchError
from bench.report.display import shown
from bench.report.files import load_report, report_file, write_atomically
from bench.report.record import Report
from bench.run.reached import reached
from bench.verdict.judge import judge
from bench.verdict.limits import UNITS, Limits, Quantity, limits_path, load_limits
from bench.verdict.limits_file import existing, new_limit, render, replaced


def limits(
    report: Annotated[
        Path, typer.Argument(metavar="REPORT", help="A report's folder, or the report.json in it.")
    ],
    file: Annotated[
        Path | None,
        typer.Option(
            "--limits", metavar="FILE", help="Limits file; `limits/DATA-SET.toml` without."
        ),
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write limits from the report into this file."),
    ] = None,
    quantities: Annotated[
        str, typer.Option(metavar="NAMES", help="Which to write, with commas.")
    ] = "accuracy drop,bytes,arena,latency,energy,saving",
    margin: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=1.0,
            metavar="SHARE",
            help="Relative margin that is left; of accuracy and its drop the margin is half "
            "their interval over subjects.",
        ),
    ] = 0.05,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why these limits; goes into each row.")
    ] = "",
) -> None:
    """Show every limit beside what the last run reached, or write new ones from it.

    Nothing is written without --write and --reason. Rows of the same variant and quantity are
    replaced, all others stay.

    Examples: `python -m bench limits reports/sim`, and to write,
    `python -m bench limits reports/sim --write=limits/uci-har.toml --reason="smaller window"`
    """
    if write is not None and file is not None:
        raise BenchError("--limits shows and --write writes: give one of them")
    run = load_report(report_file(report))
    if write is not None:
        _write(run, write, _checked(quantities), margin, reason)
    else:
        _show(run, load_limits(file or limits_path(run.run.dataset)))


def _checked(quantities: str) -> list[Quantity]:
    names = [name.strip() for name in quantities.split(",")]
    wrong = [name for name in names if name not in UNITS]
    if wrong:
        raise typer.BadParameter(
            f"{wrong[0]!r}, wanted some of {', '.join(UNITS)}", param_hint="--quantities"
        )
    return [quantity for quantity in get_args(Quantity) if quantity in names]


def _write(run: Report, path: Path, quantities: list[Quantity], margin: float, reason: str) -> None:
    if not reason.strip():
        raise BenchError("--write wants --reason TEXT: say why these are the limits from now on")
    before, heading = existing(path, run.run.dataset, run.run.fold)
    if why := before.why_not(run.run.dataset, run.run.fold):
        raise BenchError(f"{path}: {why}: name another file")
    found = reached(run)
    rows = [
        new_limit(name, quantity, run.run.mode, values[quantity], margin, reason)
        for name, values in found.items()
        for quantity in quantities
        if quantity in values
    ]
    write_atomically(path, render(replaced(before, rows), heading))
    typer.echo(f"{path}: {len(rows)} limits written; look at the difference before you commit it")


def _show(run: Report, file: Limits) -> None:
    terminal = console()
    table = Table(box=None, pad_edge=False)
    for column in ("case", "quantity", "reached", "limit", "margin", "outcome"):
        table.add_column(
            column, justify="left" if column in ("case", "quantity") else "right", no_wrap=True
        )
    for row in _rows(run, file):
        table.add_row(*row)
    terminal.print(table)
    if why := file.why_not(run.run.dataset, run.run.fold):
        terminal.print(f"These limits do not apply: {why}.")


def _rows(run: Report, file: Limits) -> Iterator[tuple[str, ...]]:
    for name, values in reached(run).items():
        for limit in file.of(name, run.run.mode):
            if limit.quantity not in values:
                continue
            judgement = judge(limit, *values[limit.quantity])
            sign = ">=" if judgement.bound == "min" else "<="
            share = judgement.margin / abs(judgement.limit or 1.0)
            yield (
                name, limit.quantity, shown(judgement.value, limit.unit),
                f"{sign} {shown(judgement.limit, limit.unit)}",
                f"{judgement.margin:+.4f}" if limit.unit == "1" else f"{share:+.1%}",
                judgement.outcome.value,
            )  # fmt: skip
