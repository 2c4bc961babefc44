"""A chip with power and flash for the tests, and an application that tells what happened to it."""

import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.twin.esp32.application import ApplicationHost, StoppedError
from bench.twin.esp32.chip import Defects, Esp32, Identity
from bench.twin.esp32.flash import Flash
from bench.twin.esp32.image import application_image, bootloader_image
from bench.twin.world import Pace, World

FACTORY = 0x10000
MODEL = 0x110000
IDLE_CURRENT = 0.030


def entry(label: str, kind: int, subtype: int, offset: int, size: int) -> bytes:
    return struct.pack("<2sBBII16sI", b"\xaa\x50", kind, subtype, offset, size, label.encode(), 0)


def partition_table(*entries: bytes) -> bytes:
    body = b"".join(entries)
    return body + b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(body).digest() + b"\xff" * 32


TABLE = partition_table(
    entry("factory", 0, 0, FACTORY, 0x100000), entry("model", 1, 0x40, MODEL, 0x2F0000)
)
FIRMWARE = {
    0x1000: bootloader_image(),
    0x8000: TABLE,
    FACTORY: application_image("har-bench", "1.2.3"),
    MODEL: b"the model",
}


@dataclass
class Line:
    """The client's end of the cable, as bytes."""

    rate: int = 115200
    received: bytearray = field(default_factory=bytearray)

    def send(self, data: bytes) -> None:
        self.received += data

    def take(self) -> bytes:
        data = bytes(self.received)
        self.received.clear()
        return data


@dataclass
class Echo:
    """An application that says when it starts, echoes, and obeys `orders`."""

    host: ApplicationHost
    orders: dict[bytes, Callable[[ApplicationHost], None]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    def boot(self) -> None:
        self.log.append("boot")
        self.host.run([(IDLE_CURRENT, 0.0)])
        self.host.write(b"ready\r\n")

    def receive(self, data: bytes) -> None:
        for order, action in self.orders.items():
            if order in data:
                try:
                    action(self.host)
                except StoppedError:
                    self.log.append("stopped")
                    raise
                self.log.append("done")
                return
        self.host.write(b"<" + data + b">")

    def stop(self) -> None:
        self.log.append("stop")


class Board:
    """World, chip, cable and application; the supply's output is off."""

    def __init__(
        self,
        firmware: dict[int, bytes] | None = None,
        *,
        identity: Identity | None = None,
        defects: Defects | None = None,
        flash: Flash | None = None,
        pace: Pace = "virtual",
    ) -> None:
        self.world, self.flash, self.line = World(pace=pace), flash or Flash(), Line()
        self.orders: dict[bytes, Callable[[ApplicationHost], None]] = {}
        self.log: list[str] = []
        for offset, data in (FIRMWARE if firmware is None else firmware).items():
            self.flash.program(offset, data)
        self.chip = Esp32(
            self.world,
            lambda host: Echo(host, self.orders, self.log),
            flash=self.flash,
            identity=identity or Identity(),
            defects=defects or Defects(),
        )
        self.chip.connect(self.line)

    def power(self, volts: float = 3.3) -> bytes:
        """Switch on; returns what the chip says."""
        with self.world.lock:
            self.world.connect(volts)
        return self.line.take()

    def off(self) -> None:
        with self.world.lock:
            self.world.disconnect()

    def say(self, data: bytes) -> bytes:
        """Send bytes; returns what the chip answers."""
        self.chip.receive(data)
        return self.line.take()

    def lines(self, *states: tuple[int, int]) -> bytes:
        """Set (DTR, RTS) one after another; returns what the chip says."""
        for dtr, rts in states:
            self.chip.lines(bool(dtr), bool(rts))
        return self.line.take()

    def enter_loader(self) -> bytes:
        """The sequence by which a client reaches the ROM's loader."""
        return self.lines((0, 1), (1, 1), (1, 0), (0, 0))
