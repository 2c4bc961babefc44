"""``python -m bench reanalyse``: a stored report, computed again."""

from pathlib import Path
from typing import Annotated

import typer

OUT = "report-reanalysed.json"


def reanalyse(
    report: Annotated[
        Path, typer.Argument(help="A report's folder, or the report.json in it.", metavar="REPORT")
    ],
    calibration: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Calibration records, each to take the place of the report's of its kind.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help=f"Where to write; {OUT} beside REPORT."),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(metavar="VARIANT", help="Also print this variant's uncertainty budgets."),
    ] = None,
) -> None:
    """Compute a stored report again from its traces and calibration records.

    The report itself stays as it is. With its own records every figure comes out the same to the
    last digit; with others it is the corrected one.

    Example: `python -m bench reanalyse reports/sim --budget C_1-F`
    """
    from bench.report.files import refuse_to_overwrite, report_file, write_report
    from bench.run.reanalysis import budgets, changes, reanalyse
    from bench.station.calibration import load_calibration

    path = report_file(report)
    target = out or path.with_name(OUT)
    refuse_to_overwrite(target, path)
    records = None if calibration is None else load_calibration([calibration])
    found = reanalyse(path, records)
    lines = [*changes(found), *([] if budget is None else budgets(found.computed, budget))]
    write_report(target, found.computed)
    typer.echo("\n".join([*lines, f"written: {target}"]))
