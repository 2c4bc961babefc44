"""Calibration records: what a certificate says of a station's shunt, card, supply and clock.

A record is a TOML file of a kind (``shunt``, ``card``, ``supply``, ``time base``); a station file
names a folder of them, or the files. The records are the only source of what corrects a result and
of what its uncertainty is made from. For a kind without a record the makers' figures stand in
(`specified.toml`). Results rest on a calibration only where each record is there, verified, and
not past its due date: `Calibration.shortcomings` says what is wanting.
"""

import datetime
import hashlib
import math
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path, PurePath
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StringConstraints, ValidationError, model_validator

from bench.errors import StationFileError
from bench.station.accuracy import Figures, Ratio, Tolerance
from bench.station.quantities import (
    AMPERE,
    CELSIUS,
    KELVIN,
    OHM,
    PER_KELVIN,
    RATIO,
    VOLT,
    Quantity,
)
from bench.station.validation import explained

_Text = Annotated[str, StringConstraints(min_length=1)]
_Ohms = Annotated[float, Quantity(OHM, 0.001, 1000.0)]
Volts = Annotated[float, Quantity(VOLT)]
_Amperes = Annotated[float, Quantity(AMPERE)]
Kelvin = Annotated[float, Quantity(KELVIN)]
PerKelvin = Annotated[float, Quantity(PER_KELVIN, 0.0, 1.0)]
_FoundRatio = Annotated[float, Quantity(RATIO, -0.5, 0.5)]
_FoundVolts = Annotated[float, Quantity(VOLT, -math.inf)]
_FoundAmperes = Annotated[float, Quantity(AMPERE, -math.inf)]
Celsius = Annotated[float, Quantity(CELSIUS, -40.0, 125.0)]

Kind: TypeAlias = Literal["shunt", "card", "supply", "time base"]
KINDS: tuple[Kind, ...] = ("shunt", "card", "supply", "time base")


class Record(Figures):
    """What every record has.

    Attributes:
        certificate: Its number.
        date: Of the calibration.
        due: Last day on which it holds.
        temperature: At which the part was calibrated, in degrees Celsius.
        verified: Whether somebody has checked this file against the certificate.
        source: Where the figures come from, for people.
    """

    certificate: _Text
    date: datetime.date
    due: datetime.date
    temperature: Celsius
    verified: bool
    source: _Text

    @model_validator(mode="after")
    def _check(self) -> "Record":
        if self.due < self.date:
            raise ValueError(f"due {self.due} is before date {self.date}: exchange them")
        return self

    def shortcoming(self, on: datetime.date) -> str:
        """Why a result of the day `on` is not calibrated by this record, or nothing."""
        if not self.verified:
            return "not verified"
        if on > self.due:
            return f"past due since {self.due} (certificate {self.certificate})"
        if on < self.date:
            return f"calibrated only on {self.date} (certificate {self.certificate})"
        return ""


class ShuntRecord(Record):
    """The shunt.

    Attributes:
        resistance: Value found in ohm; left out where none was and the nominal one holds.
        uncertainty: Of the resistance at the calibration's temperature.
        tempco: Limit of its temperature coefficient, relative per K.
    """

    kind: Literal["shunt"]
    resistance: _Ohms | None = None
    uncertainty: Tolerance
    tempco: PerKelvin


class RangeRecord(Figures):
    """A range of the card after NI's accuracy model; limits are those of rectangular distributions.

    Attributes:
        range: Full scale in V; the range runs from minus to plus this.
        gain_found: Gain error that was found, which results are corrected for.
        offset_found: Offset error that was found, in V, likewise.
        residual_gain: Limit of the gain error that is left, a fraction of the reading.
        gain_tempco: The same per K since the last internal (self) calibration.
        reference_tempco: Of the card's reference, per K since the last external calibration.
        residual_offset: Limit of the offset error that is left, a fraction of the range.
        offset_tempco: The same per K since the last internal calibration.
        inl: Limit of the integral nonlinearity, a fraction of the range.
        noise: Random noise of one sample, V rms.
    """

    range: Volts
    gain_found: _FoundRatio = 0.0
    offset_found: _FoundVolts = 0.0
    residual_gain: Ratio
    gain_tempco: PerKelvin
    reference_tempco: PerKelvin
    residual_offset: Ratio
    offset_tempco: PerKelvin
    inl: Ratio
    noise: Volts


class CardRecord(Record):
    """The card.

    Attributes:
        card: Its product type.
        internal_change: Limit in K of the temperature's change since the last self-calibration.
        external_change: The same since the last external calibration.
        offset_drift: Wander of an offset within minutes, rms, as a share of the offset's limit.
        ranges: One entry for each range in use.
    """

    kind: Literal["card"]
    card: _Text
    internal_change: Kelvin
    external_change: Kelvin
    offset_drift: Ratio
    ranges: Annotated[tuple[RangeRecord, ...], Field(strict=False, min_length=1, alias="range")]

    def of_range(self, full_scale: float) -> RangeRecord:
        """The entry for the range of plus and minus `full_scale` V.

        Raises:
            KeyError: No such entry; a `Station` holds one for each of its channels.
        """
        for entry in self.ranges:
            if entry.range == full_scale:
                return entry
        raise KeyError(f"no entry for the range of {full_scale} V")

    def gain_temperature(self, entry: RangeRecord) -> float:
        """Limit of what temperature adds to the gain error, a fraction of the reading."""
        internal = entry.gain_tempco * self.internal_change
        return internal + entry.reference_tempco * self.external_change

    def offset_temperature(self, entry: RangeRecord) -> float:
        """Limit of what temperature adds to the offset error, a fraction of the range."""
        return entry.offset_tempco * self.internal_change


class SupplyRecord(Record):
    """The supply's own current reading.

    Attributes:
        gain_found: Gain error that was found, which the reading is corrected for.
        offset_found: Offset error that was found, in A, likewise.
        gain: Of the gain that is left, relative to the reading.
        offset: Limit of the offset that is left, rectangular, in A.
    """

    kind: Literal["supply"]
    gain_found: _FoundRatio = 0.0
    offset_found: _FoundAmperes = 0.0
    gain: Tolerance
    offset: _Amperes


class TimeBaseRecord(Record):
    """The card's sample clock.

    Attributes:
        rate_found: By how much faster than nominal it was found to run, relative.
        uncertainty: Of the rate, ageing and temperature included.
    """

    kind: Literal["time base"]
    rate_found: _FoundRatio = 0.0
    uncertainty: Tolerance


AnyRecord: TypeAlias = ShuntRecord | CardRecord | SupplyRecord | TimeBaseRecord
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
