"""The files of a report: one JSON for each record while the run goes on, one for all at its end.

Several worker processes write records into the same folder, each its own, whole or not at all.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from bench.errors import ReportError
from bench.report.order import Key, natural
from bench.report.record import (
    SCHEMA_VERSION,
    BaseRecord,
    CheckRecord,
    ClaimRecord,
    GateRecord,
    Report,
    RunFacts,
    VariantRecord,
)

REPORT = "report.json"
PAGE = "report.html"
TABLE = "records.csv"
TRACES = "traces"
_RECORDS = "records"
_RUN, _GATE, _SELF_CHECK = "run.json", "gate.json", "self-check.json"
_CHECKS = TypeAdapter(tuple[CheckRecord, ...])
_KINDS: dict[type[BaseModel], str] = {
    VariantRecord: "variant",
    BaseRecord: "base",
    ClaimRecord: "claim",
}
Record = TypeVar("Record", VariantRecord, BaseRecord, ClaimRecord)


def write_atomically(path: Path, text: str) -> None:
    """Write `text` to `path` as a whole; what is no file, such as ``/dev/stdout``, is written to.

    Raises:
        ReportError: It cannot be written, such as on a full disk; nothing half-written stays.
    """
    with _writing(path):
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8", newline="\n")
            return
        path = path.resolve()  # a link stays one
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            temporary.write_text(text, encoding="utf-8", newline="\n")
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ReportError(
            f"{path}: cannot be written: {error.strerror}: free some space or choose another folder"
        ) from error


class RecordFolder:
    """The folder of a run's report."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def traces(self) -> Path:
        """Where the trace files are; made when it is asked for.

        Raises:
            ReportError: It cannot be made.
        """
        folder = self.path / TRACES
        with _writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        return folder

    def begin(self) -> None:
        """Make the folder, and forget an earlier run's records in it.

        Raises:
            ReportError: It is no folder, or nothing can be written there.
        """
        with _writing(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            for path in (self.path / _RECORDS).glob("*.json"):
                path.unlink()
            for path in (self.path / TRACES).glob("*.tdms*"):
                path.unlink()
            for name in (_RUN, _GATE, _SELF_CHECK, REPORT, PAGE, TABLE):
                (self.path / name).unlink(missing_ok=True)

    def write_run(self, facts: RunFacts) -> None:
        """Keep what the run is; every worker writes the same."""
        write_atomically(self.path / _RUN, facts.model_dump_json())

    def write_self_check(self, checks: tuple[CheckRecord, ...]) -> None:
        """Keep the station's self-check; every worker's lab is the same, and so is this."""
        write_checks(self.path / _SELF_CHECK, checks)

    def write_gate(self, gate: GateRecord) -> None:
        """Keep what came of the comparison with the baseline."""
        write_atomically(self.path / _GATE, gate.model_dump_json())

    def write(self, name: str, record: Record) -> None:
        """Keep a record under `name`, in place of an earlier one."""
        kind = _KINDS[type(record)]
        file_name = "".join(c if c.isalnum() or c in "-_." else "_" for c in name)
        path = self.path / _RECORDS / f"{kind}-{file_name}.json"
        write_atomically(path, record.model_dump_json())

    def read(self, kind: type[Record]) -> list[Record]:
        """All records of a kind, in the natural order of their names.

        Raises:
            ReportError: One is damaged.
        """
        paths = (self.path / _RECORDS).glob(f"{_KINDS[kind]}-*.json")
        return sorted((_parsed(path, kind) for path in paths), key=_in_order)

    def collect(self) -> Report | None:
        """What is on record so far; None if nothing was run.

        Raises:
            ReportError: A record is damaged.
        """
        run, gate = self.path / _RUN, self.path / _GATE
        if not run.exists():
            return None
        return Report(
            run=_parsed(run, RunFacts),
            bases=tuple(self.read(BaseRecord)),
            variants=tuple(self.read(VariantRecord)),
            claims=tuple(self.read(ClaimRecord)),
            self_check=self._self_check(),
            gate=_parsed(gate, GateRecord) if gate.exists() else None,
        )

    def assemble(self, why_early: str = "") -> Report | None:
        """Put the records together and write the report; None if nothing was run.

        Args:
            why_early: Why there are not all that there should be; empty where there are.

        Raises:
            ReportError: A record is damaged, or the report cannot be written.
        """
        report = self.collect()
        if report is not None:
            report = report.model_copy(update={"why_early": why_early})
            write_report(self.path / REPORT, report)
        return report

    def _self_check(self) -> tuple[CheckRecord, ...]:
        path = self.path / _SELF_CHECK
        return _reading(path, _CHECKS.validate_json) if path.exists() else ()


def write_checks(path: Path, checks: tuple[CheckRecord, ...]) -> None:
    """Write a self-check to a JSON file.

    Raises:
        ReportError: It cannot be written.
    """
    write_atomically(path, _CHECKS.dump_json(checks, indent=1).decode() + "\n")


def write_report(path: Path, report: Report) -> None:
    """Write a report as a whole; `ReportError` if it cannot be written."""
    write_atomically(path, report.model_dump_json(indent=1) + "\n")


def _in_order(record: Record) -> tuple[Key, str]:
    match record:
        case VariantRecord():
            name = record.variant
        case BaseRecord():
            name = record.network
        case _:
            name = record.claim
    return natural(name), name


def report_file(path: Path) -> Path:
    """The report in a folder that a run wrote, or `path` itself."""
    return path / REPORT if path.is_dir() else path


def refuse_to_overwrite(target: Path | None, *reports: Path) -> None:
    """Say that a file to be written is one of the reports that it is made of.

    Raises:
        ReportError: It is; what was measured would be lost.
    """
    if target is not None and target.resolve() in [report.resolve() for report in reports]:
        raise ReportError(f"{target}: is the report itself: name another file")


def load_report(path: Path) -> Report:
    """Read a report.

    Raises:
        ReportError: It cannot be read or is not a report of this schema, naming the field; of
            another schema version, naming that.
    """
    _check_version(path)
    return _parsed(path, Report)


def _check_version(path: Path) -> None:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return  # what is wrong with it is said where it is parsed
    version = content.get("schema_version", SCHEMA_VERSION) if isinstance(content, dict) else None
    if isinstance(version, int) and version != SCHEMA_VERSION:
        do = "update har-energy-bench" if version > SCHEMA_VERSION else "run the bench again"
        raise ReportError(
            f"{path}: schema_version {version}; this version reads {SCHEMA_VERSION}: {do}"
        )


_Model = TypeVar("_Model", bound=BaseModel)


def _parsed(path: Path, kind: type[_Model]) -> _Model:
    return _reading(path, kind.model_validate_json)


_Content = TypeVar("_Content")


def _reading(path: Path, parse: Callable[[bytes], _Content]) -> _Content:
    try:
        return parse(path.read_bytes())
    except OSError as error:
        raise ReportError(
            f"{path}: cannot be read: {error.strerror}: name a {REPORT} that a run has written"
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"]:
            raise ReportError(
                f"{path}: is damaged, or no part of a report: {first['msg']}: name another "
                f"{REPORT}, or run the bench again"
            ) from error
        where = ".".join(map(str, first["loc"]))
        seen = "" if isinstance(first["input"], dict | list) else f" (seen: {first['input']!r:.60})"
        raise ReportError(f"{path}: {where}: {first['msg']}{seen}: run the bench again") from error
