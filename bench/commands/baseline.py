"""``python -m bench baseline``: keep what a run reached, for later runs to be compared with."""

from pathlib import Path
from typing import Annotated

import typer


def baseline(
    report: Annotated[
        Path, typer.Argument(metavar="REPORT", help="A report's folder, or the report.json in it.")
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="PATH", help="A .json file, or a folder for `DATA-SET.json`."
        ),
    ] = Path("limits/baselines"),
) -> None:
    """Write the part of a report that `--baseline` and `compare` look at.

    It is small enough to be committed, and names no place on this machine.

    Example: `python -m bench baseline reports/sim`
    """
    from bench.report.files import load_report, refuse_to_overwrite, report_file, write_atomically
    from bench.run.baseline import as_baseline

    file = report_file(report)
    kept = as_baseline(load_report(file))
    path = output if output.suffix == ".json" else output / f"{kept.run.dataset}.json"
    refuse_to_overwrite(path, file)
    write_atomically(path, kept.model_dump_json() + "\n")
    typer.echo(f"{path}: {len(kept.variants)} variants")
