"""What is made of a finished report: the page and the table beside it, and CI's step summary."""

import os
from pathlib import Path

from bench.errors import ReportError
from bench.report.files import PAGE, TABLE, TRACES, write_atomically
from bench.report.html.page import render
from bench.report.record import Report
from bench.report.step_summary import step_summary
from bench.report.table import table

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""The environment variable in which GitHub Actions names the file of a step's summary."""


def publish(report: Report, folder: Path) -> None:
    """Write the page and the table of records into the report's folder.

    Raises:
        ReportError: A file cannot be written.
    """
    write_page(report, folder / TRACES, folder / PAGE)
    write_atomically(folder / TABLE, table(report))


def write_page(report: Report, traces: Path, path: Path) -> None:
    """Write the page to `path`; waveforms are drawn from the files in `traces`, where they are.

    Raises:
        ReportError: It cannot be written.
    """
    write_atomically(path, render(report, traces))


def append_step_summary(report: Report) -> None:
    """Append the run to GitHub's step summary; nothing outside of GitHub Actions.

    Raises:
        ReportError: The file that the environment names cannot be written.
    """
    name = os.environ.get(STEP_SUMMARY)
    if not name:
        return
    try:
        with Path(name).open("a", encoding="utf-8", newline="\n") as file:
            file.write(step_summary(report))
    except OSError as error:
        raise ReportError(
            f"{name}: the step summary that {STEP_SUMMARY} names cannot be written: "
            f"{error.strerror}: unset {STEP_SUMMARY} outside of GitHub Actions"
        ) from error
