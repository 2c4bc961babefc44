"""``python -m bench report``: the pages that are made of records."""

from pathlib import Path
from typing import Annotated

import typer

HISTORY_PAGE = "history.html"


def report(
    record: Annotated[
        Path | None,
        typer.Argument(
            metavar="REPORT",
            help="A report's folder, or the report.json in it.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to write the page or schema."),
    ] = None,
    history: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Each variant's energy over all reports in this folder."),
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema of report.json.")
    ] = False,
) -> None:
    """Make the page of a run again, or one of all past runs.

    A run with --report writes report.html itself. This is for a report from elsewhere, for newer
    looks, and for waveforms whose traces came later: they are read from the folder traces beside
    report.json. The page is one file that needs no network.

    Examples: `python -m bench report reports/sim`, and over time,
    `python -m bench report --history reports --output history.html`
    """
    from bench.report.files import (
        TRACES,
        load_report,
        refuse_to_overwrite,
        report_file,
        write_atomically,
    )
    from bench.report.history import load_history
    from bench.report.html.timeline import render_history
    from bench.report.publish import write_page
    from bench.report.schema import report_schema

    wanted = [name for name in (record, history, schema or None) if name is not None]
    if len(wanted) != 1:
        raise typer.BadParameter("give one of: a report, --history DIR, --schema")
    if schema:
        if output is None:
            print(report_schema(), end="")
        else:
            write_atomically(output, report_schema())
            print(output)
    elif history is not None:
        path = output or history / HISTORY_PAGE
        write_atomically(path, render_history(load_history(history)))
        print(path)
    elif record is not None:
        file = report_file(record)
        path = output or file.with_suffix(".html")
        refuse_to_overwrite(path, file)
        write_page(load_report(file), file.parent / TRACES, path)
        print(path)
