"""A station's file: what the instruments are, how they are wired, and what may be asked of them.

`load_station` reads and checks everything that can be known before power is spent; a `Station`
that exists is consistent. Numbers are in SI units.
"""

import tomllib
from pathlib import Path
from typing import Self

from pydantic import ValidationError, model_validator

from bench.device.firmware import LONGEST_TIME_CONSTANT
from bench.errors import StationFileError
from bench.station.accuracy import StationFilePart
from bench.station.calibration import Calibration, load_calibration
from bench.station.settings import (
    AmbientSettings,
    DeviceSettings,
    DigitizerSettings,
    ShuntSettings,
    SupplySettings,
    Text,
    Timeouts,
)
from bench.station.validation import explained

TWIN = "twin"
"""Stands in the twin's station file for an address that a started lab gives."""
OVER_VOLTAGE_STEP = 0.1
"""V; resolution of the NGMO2's over-voltage trip."""
FAR_FROM_NOMINAL = 0.1
"""A shunt that was found so far from its nominal value is another shunt."""


class Station(StationFilePart):
    """A station file, checked. Sections are attributes; see each class for its keys."""

    name: Text
    description: Text
    supply: SupplySettings
    digitizer: DigitizerSettings
    shunt: ShuntSettings
    device: DeviceSettings
    timeouts: Timeouts
    ambient: AmbientSettings
    calibration: Calibration

    @property
    def time_constant(self) -> float:
        """Shunt times decoupling in s: how far the measured current lags the load."""
        return self.shunt.resistance * self.device.decoupling

    @property
    def waits_for_addresses(self) -> bool:
        """Whether an address is still to be given by a started twin (`with_addresses`)."""
        return TWIN in (self.supply.resource, self.digitizer.grpc, self.device.port)

    def with_addresses(self, *, visa: str, grpc: str, serial: str) -> "Station":
        """The same station at the addresses that a lab printed.

        Raises:
            StationFileError: An address has a wrong form.
        """
        changed = self.model_dump(exclude={"calibration"})
        changed["calibration"] = self.calibration
        changed["supply"]["resource"] = visa
        changed["digitizer"]["grpc"] = grpc
        changed["device"]["port"] = serial
        return _validated(changed, f"station {self.name} with the addresses given")

    def with_port(self, port: str) -> "Station":
        """The same station with its device at `port`, which was found by its USB serial number."""
        device = self.device.model_copy(update={"port": port, "usb_serial": None})
        return self.model_copy(update={"device": device})

    @model_validator(mode="after")
    def _check(self) -> Self:
        _check_power(self)
        _check_time_constant(self)
        _check_ranges(self)
        _check_calibration(self)
        return self


def _check_power(station: Station) -> None:
    supply, device = station.supply, station.device
    for volts in supply.voltages:
        if volts + OVER_VOLTAGE_STEP / 2 > supply.over_voltage:
            raise ValueError(
                f"supply.over_voltage {supply.over_voltage:g} V would trip at {volts:g} V: "
                f"leave {OVER_VOLTAGE_STEP:g} V between them"
            )
        left = volts - station.shunt.resistance * device.expected_current
        if left < device.minimum_voltage:
            raise ValueError(
                f"device.expected_current {device.expected_current * 1e3:g} mA leaves the device "
                f"{left:.3f} V of {volts:g} V behind the shunt, below device.minimum_voltage "
                f"{device.minimum_voltage:g} V: raise the voltage or use a smaller shunt"
            )
    if device.expected_current > supply.current_limit:
        raise ValueError(
            f"device.expected_current {device.expected_current * 1e3:g} mA exceeds "
            f"supply.current_limit {supply.current_limit * 1e3:g} mA"
        )


def _check_time_constant(station: Station) -> None:
    if station.time_constant > LONGEST_TIME_CONSTANT:
        raise ValueError(
            f"shunt.resistance times device.decoupling is {station.time_constant * 1e3:.3g} ms, "
            f"the firmware settles before a window for ten times {LONGEST_TIME_CONSTANT * 1e3:g} "
            "ms: take capacitance away from the device or use a smaller shunt"
        )


def _check_ranges(station: Station) -> None:
    card = station.digitizer
    drop = station.shunt.resistance * station.device.expected_current
    if drop > card.shunt.range:
        raise ValueError(
            f"the shunt's {drop:.3f} V at device.expected_current exceeds digitizer.shunt.range "
            f"{card.shunt.range:g} V: use a wider range or a smaller shunt"
        )
    if station.supply.voltage > card.supply.range:
        raise ValueError(
            f"supply.voltage {station.supply.voltage:g} V exceeds digitizer.supply.range "
            f"{card.supply.range:g} V"
        )


def _check_calibration(station: Station) -> None:
    card, records = station.digitizer, station.calibration
    if records.card.card != card.card:
        raise ValueError(
            f"calibration: the card's record is of a {records.card.card}, "
            f"the station's is a {card.card}: name the record of this card"
        )
    known = {entry.range for entry in records.card.ranges}
    missing = sorted({card.supply.range, card.shunt.range, card.marker.range} - known)
    if missing:
        names = ", ".join(f"{full_scale:g} V" for full_scale in missing)
        raise ValueError(
            f"calibration: the card's record has no range {names}: add one for each range in use"
        )
    found, nominal = records.shunt.resistance, station.shunt.resistance
    if found is not None and abs(found / nominal - 1.0) > FAR_FROM_NOMINAL:
        raise ValueError(
            f"calibration: the shunt's record says {found:g} ohm, shunt.resistance "
            f"{nominal:g} ohm, more than {FAR_FROM_NOMINAL:.0%} apart: name this shunt's record"
        )


def load_station(path: Path) -> Station:
    """Read and check the station file at `path`, and the calibration records that it names.

    Raises:
        StationFileError: A file cannot be read, is no TOML, or a key is missing, unknown, of a
            wrong unit or out of range; the message names the file and each key.
    """
    content = _content(station_text(path), str(path))
    records = load_calibration(path.parent / name for name in _named_records(content, path))
    return _validated({**content, "calibration": records}, str(path))


def station_text(path: Path) -> str:
    """What the station file at `path` says; `StationFileError` if it cannot be read."""
    try:
        return path.read_bytes().decode()
    except OSError as error:
        raise StationFileError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise StationFileError(f"{path}: is no TOML file: {error}") from error


def stored_station(text: str, calibration: Calibration, origin: str) -> Station:
    """The station that a station file's text and calibration records describe.

    Raises:
        StationFileError: As `load_station`; the message names `origin`.
    """
    return _validated({**_content(text, origin), "calibration": calibration}, origin)


def _content(text: str, origin: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StationFileError(f"{origin}: is no TOML file: {error}") from error


def _named_records(content: dict[str, object], path: Path) -> list[str]:
    """Folder or files that the key ``calibration`` names; without it there are no records."""
    named = content.get("calibration", [])
    names = [named] if isinstance(named, str) else named
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise StationFileError(
            f"{path}: calibration: {named!r}, wanted a folder or a list of files, as text"
        )
    return names


def _validated(content: dict[str, object], origin: str) -> Station:
    try:
        return Station.model_validate(content)
    except ValidationError as error:
        raise StationFileError(explained(error, origin)) from error
