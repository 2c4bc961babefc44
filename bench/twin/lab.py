"""The simulated lab: one world, and servers through which clients of real instruments reach it."""

import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Self

from bench.device.deployability import FLASH_BYTES
from bench.device.firmware import FIRMWARE, FIRMWARE_VERSION
from bench.device.images import (
    APP_OFFSET,
    PARTITION_TABLE_OFFSET,
    bench_layout,
    encode_partition_table,
)
from bench.station.configuration import Station
from bench.twin.card import Card
from bench.twin.core.application import CoreApplication
from bench.twin.core.interface import library
from bench.twin.daq.digitizer import Digitizer
from bench.twin.daq.service import DigitizerServer
from bench.twin.equipment import sound_equipment
from bench.twin.esp32.chip import Esp32
from bench.twin.esp32.flash import Flash
from bench.twin.esp32.flash_boot import BOOTLOADER_OFFSET
from bench.twin.esp32.image import application_image, bootloader_image
from bench.twin.esp32.serial_port import SerialPort
from bench.twin.faults import with_faults
from bench.twin.scpi_server import ScpiServer
from bench.twin.sensor import AT_REST, Stream
from bench.twin.supply import Supply
from bench.twin.world import Pace, World

APP_BYTES = 320 * 1024
"""Size of the twin's application image: TFLM's code with the operators in use (about 80 KB), and
an empty ESP-IDF application with its drivers (about 150 KB), rounded up. Assumed."""
UNPLUGGED = "/dev/ttyUSB-unplugged"
"""The serial port's address while its cable is not plugged in."""


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
        station: Whose calibration records the parts are drawn from, and what lies behind the shunt.
        seed: Serial number of everything in the lab.
        pace: ``virtual`` jumps through simulated time, ``wall`` keeps to the clock on the wall.
        faults: Names of what is wrong in it (`bench.twin.faults`).
        stream: What the device's sensor measures.

    Raises:
        UnknownFaultError: There is no fault of that name.
    """

    def __init__(
        self,
        station: Station,
        seed: int,
        pace: Pace = "virtual",
        faults: Iterable[str] = (),
        stream: Stream = AT_REST,
    ) -> None:
        library()  # built before anything is served: no client waits for a compiler
        parts = with_faults(sound_equipment(station, seed), faults)
        self.world = World(parts.components, pace)
        self.card = Card(seed, parts.tolerances, parts.wiring, parts.drift)
        self.chip = Esp32(
            self.world,
            lambda host: CoreApplication(parts.host(host), parts.settings, parts.load, stream),
            flash=Flash(FLASH_BYTES, parts.worn),
            identity=parts.identity,
            defects=parts.defects,
        )
        self._supply = ScpiServer(Supply(self.world, seed, faults=parts.supply))
        self._digitizer = DigitizerServer(Digitizer(self.world, self.card, parts.digitizer))
        self._serial = SerialPort(self.chip)
        self.chip.connect(self._serial)
        self._plugged = parts.plugged
        if parts.taken:
            self._serial.take()

    @property
    def addresses(self) -> Addresses:
        """Where clients find the lab."""
        serial = self._serial.url if self._plugged else UNPLUGGED
        return Addresses(self._supply.address, self._digitizer.address, serial)

    def wait_until_off(self, patience: float = 30.0) -> None:
        """Wait until somebody has switched the supply's output off, at most `patience` s."""
        deadline = time.monotonic() + patience
        with self.world.changed:
            while self.world.on and (left := deadline - time.monotonic()) > 0.0:
                self.world.changed.wait(left)

    def close(self) -> None:
        """Switch off and stop serving."""
        self._supply.close()  # first, so that nobody switches on again
        self._digitizer.close()
        with self.world.lock:
            self.world.disconnect()
            self.chip.disconnect()
        self._serial.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
