"""The simulated lab: one world, and servers through which clients of real instruments reach it."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Self

from bench.device.images import (
    APP_OFFSET,
    PARTITION_TABLE_OFFSET,
    bench_layout,
    encode_partition_table,
)
from bench.station.accuracy import Accuracy as DeclaredAccuracy
from bench.station.configuration import Station
from bench.twin import card as nicard
from bench.twin.card import Card, Tolerances
from bench.twin.circuit import Components
from bench.twin.console import Console
from bench.twin.cost_model import Settings
from bench.twin.daq.digitizer import Digitizer
from bench.twin.daq.service import DigitizerServer
from bench.twin.esp32.application import ApplicationHost
from bench.twin.esp32.chip import Esp32, Identity
from bench.twin.esp32.flash_boot import BOOTLOADER_OFFSET
from bench.twin.esp32.image import application_image, bootloader_image
from bench.twin.esp32.serial_port import SerialPort
from bench.twin.noise import drawn
from bench.twin.scpi_server import ScpiServer
from bench.twin.supply import Supply
from bench.twin.world import Pace, World

FIRMWARE = "har-energy-bench"
FIRMWARE_VERSION = "0.1.0"
APP_BYTES = 320 * 1024
"""Size of the twin's application image: TFLM's code with the operators in use (about 80 KB), and
an empty ESP-IDF application with its drivers (about 150 KB), rounded up. Assumed."""
FLASH_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Addresses:
    """Where clients find the lab."""

    visa: str
    grpc: str
    serial: str

    def json(self) -> str:
        """The addresses on one line."""
        return json.dumps(asdict(self))


def firmware_parts() -> dict[int, bytes]:
    """What makes the twin's device run: bootloader, partition table, application, by offset."""
    return {
        BOOTLOADER_OFFSET: bootloader_image(FLASH_BYTES),
        PARTITION_TABLE_OFFSET: encode_partition_table(bench_layout(FLASH_BYTES)),
        APP_OFFSET: application_image(FIRMWARE, FIRMWARE_VERSION, APP_BYTES, FLASH_BYTES),
    }


class Lab:
    """A lab that is serving; a context manager, `close` ends it.

    Args:
        station: Whose accuracy the parts are drawn from, and what lies behind the shunt.
        seed: Serial number of everything in the lab.
        pace: ``virtual`` jumps through simulated time, ``wall`` keeps to the clock on the wall.
    """

    def __init__(self, station: Station, seed: int, pace: Pace = "virtual") -> None:
        self.world = World(_components(station, seed), pace)
        self.card = Card(seed, _tolerances(station.accuracy))
        settings = Settings(sensor="MPU-6050" in station.device.behind_shunt)
        self.chip = Esp32(self.world, _application(settings), identity=_identity(station))
        self._supply = ScpiServer(Supply(self.world, seed))
        self._digitizer = DigitizerServer(Digitizer(self.world, self.card))
        self._serial = SerialPort(self.chip)
        self.chip.connect(self._serial)

    @property
    def addresses(self) -> Addresses:
        """Where clients find the lab."""
        return Addresses(self._supply.address, self._digitizer.address, self._serial.url)

    def wait_until_off(self, patience: float = 30.0) -> None:
        """Wait until somebody has switched the supply's output off, at most `patience` s."""
        deadline = time.monotonic() + patience
        with self.world.changed:
            while self.world.on and (left := deadline - time.monotonic()) > 0.0:
                self.world.changed.wait(left)

    def close(self) -> None:
        """Stop serving."""
        self._serial.close()
        self._digitizer.close()
        self._supply.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _application(settings: Settings) -> Callable[[ApplicationHost], Console]:
    return lambda host: Console(host, settings)


def _components(station: Station, seed: int) -> Components:
    """The parts as soldered: the nominal ones, off by what the station declares."""
    accuracy, generator = station.accuracy, drawn(seed, "components")
    return Components(
        shunt=station.shunt.resistance * (1.0 + accuracy.shunt.draw(generator)),
        decoupling=station.device.decoupling * (1.0 + accuracy.decoupling.draw(generator)),
    )


def _tolerances(accuracy: DeclaredAccuracy) -> Tolerances:
    """The card's errors as the station declares them; its other ranges as NI specifies."""
    declared = {
        entry.range: nicard.Accuracy(entry.gain, entry.offset, entry.inl, entry.noise)
        for entry in accuracy.ranges
    }
    return Tolerances({**nicard.PCI_6251, **declared}, accuracy.time_base.limit)


def _identity(station: Station) -> Identity:
    mac = station.device.mac
    return Identity() if mac is None else Identity(bytes.fromhex(mac.replace(":", "")))
