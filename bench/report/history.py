"""The energies of past reports, in the order of their runs."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.errors import ReportError
from bench.report.conditions import CONDITIONS, changed_conditions
from bench.report.files import REPORT, load_report
from bench.report.order import natural
from bench.report.record import EstimateRecord, Report


@dataclass(frozen=True)
class PastRun:
    """A past run: its report, the file it is from, and when it began."""

    path: Path
    report: Report
    started: datetime


@dataclass(frozen=True)
class ConditionChange:
    """Which conditions of a run, by its place, differ from the run's before it."""

    place: int
    what: tuple[str, ...]


@dataclass(frozen=True)
class History:
    """Past runs from the first on, and the files that are none, with the reason."""

    runs: tuple[PastRun, ...]
    unreadable: tuple[str, ...]

    @property
    def variants(self) -> list[str]:
        """All variants with an energy in any run, in natural order."""
        names = {
            record.variant
            for run in self.runs
            for record in run.report.variants
            if record.measurement is not None
        }
        return sorted(names, key=natural)

    @property
    def changes(self) -> list[ConditionChange]:
        """Where conditions change."""
        return [*self._changes()]

    def _changes(self) -> Iterator[ConditionChange]:
        for place in range(1, len(self.runs)):
            before, now = self.runs[place - 1].report, self.runs[place].report
            changed = changed_conditions(before.run, now.run)
            if changed:
                yield ConditionChange(place, tuple(_told(*each) for each in changed))

    def energies(self, variant: str) -> list[tuple[int, EstimateRecord]]:
        """The place of each run that measured the variant, and its energy."""
        return [
            (place, record.measurement.energy)
            for place, run in enumerate(self.runs)
            for record in run.report.variants
            if record.variant == variant and record.measurement is not None
        ]


def load_history(folder: Path) -> History:
    """Read every ``report.json`` in a folder and the folders in it.

    Raises:
        ReportError: There is no such folder, or no report in it that can be read.
    """
    runs, unreadable = [], []
    for path in sorted(folder.rglob(REPORT)):
        try:
            report = load_report(path)
            runs.append(PastRun(path, report, started(path, report)))
        except ReportError as error:
            unreadable.append(str(error))
    if not runs:
        seen = f"; first: {unreadable[0]}" if unreadable else ""
        raise ReportError(
            f"{folder}: no {REPORT} that can be read in this folder or below{seen}: "
            "give the folder that past runs wrote their --report into"
        )
    return History(tuple(sorted(runs, key=lambda run: (run.started, run.path))), tuple(unreadable))


def started(path: Path, report: Report) -> datetime:
    """When the run of the report at `path` began; `ReportError` if it does not say."""
    try:
        time = datetime.fromisoformat(report.run.started)
    except ValueError as error:
        raise ReportError(
            f"{path}: run.started is {report.run.started!r}, wanted a time of ISO 8601: "
            "it cannot be placed in time; leave it out"
        ) from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _told(name: str, before: object, now: object) -> str:
    if name == CONDITIONS["dataset_digest"]:
        return f"{name} {str(before)[:8]}… to {str(now)[:8]}…"
    return f"{name} {before} to {now}"
