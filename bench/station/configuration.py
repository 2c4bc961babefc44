"""A station's file: what the instruments are, how they are wired, and what may be asked of them.

`load_station` reads and checks everything that can be known before power is spent; a `Station`
that exists is consistent. Numbers are in SI units.
"""

import re
import tomllib
from pathlib import Path
from typing import Self

from pydantic import ValidationError, model_validator
from pydantic_core import ErrorDetails

from bench.errors import StationFileError
from bench.station.accuracy import Accuracy, Figures
from bench.station.settings import (
    DeviceSettings,
    DigitizerSettings,
    ShuntSettings,
    SupplySettings,
    Text,
    Timeouts,
)

TWIN = "twin"
"""Stands in the twin's station file for an address that a started lab gives."""
OVER_VOLTAGE_STEP = 0.1
"""V; resolution of the NGMO2's over-voltage trip."""


class Station(Figures):
    """A station file, checked. Sections are attributes; see each class for its keys."""

    name: Text
    description: Text
    supply: SupplySettings
    digitizer: DigitizerSettings
    shunt: ShuntSettings
    device: DeviceSettings
    timeouts: Timeouts
    accuracy: Accuracy

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
        changed = self.model_dump()
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
        _check_ranges(self)
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
    known = {entry.range for entry in station.accuracy.ranges}
    missing = sorted({card.supply.range, card.shunt.range, card.marker.range} - known)
    if missing:
        raise ValueError(
            f"accuracy.ranges has no entry for {', '.join(f'{r:g} V' for r in missing)}: "
            "add one for each range in use"
        )


def load_station(path: Path) -> Station:
    """Read and check the station file at `path`.

    Raises:
        StationFileError: It cannot be read, is no TOML, or a key is missing, unknown, of a wrong
            unit or out of range; the message names the file and each key.
    """
    try:
        with path.open("rb") as file:
            content = tomllib.load(file)
    except OSError as error:
        raise StationFileError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StationFileError(f"{path}: is no TOML file: {error}") from error
    return _validated(content, str(path))


def _validated(content: dict[str, object], origin: str) -> Station:
    try:
        return Station.model_validate(content)
    except ValidationError as error:
        lines = [f"{origin}: {_describe(detail)}" for detail in error.errors()]
        raise StationFileError("\n".join(lines)) from error


def _describe(detail: ErrorDetails) -> str:
    key = ".".join(str(part) for part in detail["loc"])
    message = re.sub(r"^Value error, ", "", detail["msg"])
    if detail["type"] == "extra_forbidden":
        message = "unknown key: remove it or correct its spelling"
    elif detail["type"] == "missing":
        message = "missing key: add it"
    elif detail["type"] != "value_error":
        message = f"{message}, not {detail['input']!r}"
    return f"{key}: {message}" if key else message
