"""The calibration of a station: a record of its shunt, card, supply and clock each.

A record is a TOML file of a kind (``shunt``, ``card``, ``supply``, ``time base``); a station file
names a folder of them, or the files (`bench.station.calibration_records`). For a kind
without a record the makers' figures stand in (`specified.toml`). Results rest on a calibration only
where each record is there, verified, and not past its due date: `Calibration.shortcomings` says
what is wanting.
"""

import datetime
import hashlib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path, PurePath

from pydantic import ValidationError

from bench.errors import StationFileError
from bench.station.calibration_records import (
    KINDS,
    AnyRecord,
    CardRecord,
    Kind,
    Record,
    ShuntRecord,
    SupplyRecord,
    TimeBaseRecord,
)
from bench.station.validation import explained

_CLASSES: dict[object, type[AnyRecord]] = {
    "shunt": ShuntRecord,
    "card": CardRecord,
    "supply": SupplyRecord,
    "time base": TimeBaseRecord,
}


@dataclass(frozen=True)
class RecordFile:
    """A record's file: where it is, and its text."""

    origin: str
    text: str

    @property
    def name(self) -> str:
        """Its name without the folder."""
        return PurePath(self.origin).name

    @property
    def sha256(self) -> str:
        """Of the text in UTF-8, in hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True)
class Calibration:
    """A record of each kind.

    Attributes:
        shunt: Of the shunt.
        card: Of the card.
        supply: Of the supply's current reading.
        time_base: Of the card's clock.
        files: What was read, by kind; for a kind that is not here the makers' figures stand in.
    """

    shunt: ShuntRecord
    card: CardRecord
    supply: SupplyRecord
    time_base: TimeBaseRecord
    files: dict[Kind, RecordFile]

    def record(self, kind: Kind) -> Record:
        """The record of a kind."""
        by_kind: dict[Kind, Record] = {
            "shunt": self.shunt,
            "card": self.card,
            "supply": self.supply,
            "time base": self.time_base,
        }
        return by_kind[kind]

    def shortcomings(self, on: datetime.date) -> tuple[str, ...]:
        """Why results of the day `on` are not calibrated: a reason for each such kind."""
        found = {
            kind: self.record(kind).shortcoming(on) if kind in self.files else "no record"
            for kind in KINDS
        }
        return tuple(f"{kind}: {reason}" for kind, reason in found.items() if reason)


def load_calibration(paths: Iterable[Path]) -> Calibration:
    """Read records from files, and from all ``.toml`` files of folders.

    Raises:
        StationFileError: One cannot be read, is no TOML, or a key is missing, unknown, of a wrong
            unit or out of range; the message names the file and each key. Or two are of a kind.
    """
    return calibration_of(_read(path) for path in _files(paths))


def calibration_of(files: Iterable[RecordFile]) -> Calibration:
    """The calibration that these files are; `StationFileError` as `load_calibration`."""
    records: dict[Kind, AnyRecord] = dict(_specified())
    named: dict[Kind, RecordFile] = {}
    for file in files:
        record = _parsed(file)
        if record.kind in named:
            raise StationFileError(
                f"{file.origin}: a second record of the {record.kind} beside "
                f"{named[record.kind].origin}: keep the one that holds"
            )
        records[record.kind], named[record.kind] = record, file
    return _assembled(records, named)


def _assembled(records: dict[Kind, AnyRecord], named: dict[Kind, RecordFile]) -> Calibration:
    shunt, card, supply, time_base = (records[kind] for kind in KINDS)
    assert isinstance(shunt, ShuntRecord)
    assert isinstance(card, CardRecord)
    assert isinstance(supply, SupplyRecord)
    assert isinstance(time_base, TimeBaseRecord)
    files = {kind: named[kind] for kind in KINDS if kind in named}
    return Calibration(shunt, card, supply, time_base, files)


def _files(paths: Iterable[Path]) -> Iterable[Path]:
    for path in paths:
        found = sorted(path.glob("*.toml")) if path.is_dir() else [path]
        if not found:
            raise StationFileError(
                f"{path}: no calibration record in it: put .toml files there or name another one"
            )
        yield from found


def _read(path: Path) -> RecordFile:
    try:
        return RecordFile(str(path), path.read_bytes().decode())
    except OSError as error:
        raise StationFileError(
            f"{path}: calibration record cannot be read: {error.strerror}: correct the station "
            "file's key calibration, or put the record there"
        ) from error
    except UnicodeDecodeError as error:
        raise StationFileError(f"{path}: is no TOML file: {error}") from error


def _parsed(file: RecordFile) -> AnyRecord:
    try:
        content = tomllib.loads(file.text)
    except tomllib.TOMLDecodeError as error:
        raise StationFileError(f"{file.origin}: is no TOML file: {error}") from error
    kind = content.get("kind")
    if not isinstance(kind, str) or kind not in _CLASSES:
        wanted = ", ".join(f'"{known}"' for known in KINDS)
        raise StationFileError(f"{file.origin}: kind: {kind!r}, wanted one of {wanted}")
    try:
        return _CLASSES[kind].model_validate(content)
    except ValidationError as error:
        raise StationFileError(explained(error, file.origin)) from error


@cache
def _specified() -> dict[Kind, AnyRecord]:
    text = resources.files("bench.station").joinpath("specified.toml").read_text(encoding="utf-8")
    records = [
        _CLASSES[entry["kind"]].model_validate(entry) for entry in tomllib.loads(text)["record"]
    ]
    return {record.kind: record for record in records}
