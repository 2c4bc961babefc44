"""One boot of the chip: what a program may do on it until a reset or the loss of power ends it."""

import contextlib
from collections.abc import Callable, Iterable

from bench.twin.esp32 import uart
from bench.twin.esp32.application import Application, Description, Partition, StoppedError
from bench.twin.esp32.flash import Flash
from bench.twin.esp32.flash_boot import Bootable
from bench.twin.world import BrownOutError, World

NOTHING_LOADED = Bootable(Description("", ""), (), 0)


class Boot:
    """The host of one program. After `end`, every call raises `StoppedError`.

    At the wall pace the world's lock is free while time passes, so another thread may have ended
    this boot meanwhile; hence each call that lets time pass looks again.

    Attributes:
        baud: Rate of the UART in bit/s.
        auto_baud: Whether the UART takes over the rate at which it is spoken to, as the ROM does.
        loaded: What the bootloader loaded.
        program: What runs; None before anything does.
    """

    def __init__(
        self, world: World, flash: Flash, send: Callable[[bytes, int], None], baud: int
    ) -> None:
        self.baud = baud
        self.auto_baud = False
        self.loaded = NOTHING_LOADED
        self.program: Application | None = None
        self._world = world
        self._flash = flash
        self._send = send
        self._alive = True
        self._started = world.past + world.now
        self._busy = True
        self._received = bytearray()

    def start(self, program: Application) -> None:
        """Run `program`; bytes that came before, or come while it starts, wait for it."""
        self._check()
        self.program = program
        self._started = self._world.past + self._world.now
        self._attend(program, program.boot)

    def deliver(self, data: bytes) -> None:
        """Hand bytes from the UART to the program, at once or when it is done with the last."""
        self._received += data
        if self.program is not None and self._alive and not self._busy:
            self._attend(self.program, lambda: None)

    def end(self) -> None:
        """Reset, loss of power, or another program."""
        if self._alive:
            self._alive = False
            if self.program is not None:
                self.program.stop()

    @property
    def alive(self) -> bool:
        """Whether this boot has not ended."""
        return self._alive

    @property
    def description(self) -> Description:
        """The description in the image that was booted."""
        return self.loaded.description

    @property
    def partitions(self) -> tuple[Partition, ...]:
        """The partition table that was booted with."""
        return self.loaded.partitions

    def flash(self, offset: int, length: int) -> bytes:
        """`length` bytes of flash from `offset`."""
        self._check()
        return self._flash.read(offset, length)

    def write(self, data: bytes) -> None:
        """Send bytes by the UART; returns when the last one has left."""
        self._advance(len(data) * uart.byte_time(self.baud))
        self._send(data, self.baud)

    def set_baud(self, rate: int) -> None:
        """Set the UART's rate in bit/s."""
        self._check()
        self.baud, self.auto_baud = rate, False

    def micros(self) -> int:
        """Microseconds since the program was started."""
        self._check()
        return int((self._world.past + self._world.now - self._started) * 1e6)

    def marker(self, level: bool) -> None:
        """Set the marker pin."""
        self._check()
        self._world.mark(level)

    def identify(self, text: str) -> None:
        """Tell the world what runs here."""
        self._check()
        self._world.identity = text

    def discard_input(self) -> bool:
        """Whether bytes wait for the program; they do no longer."""
        self._check()
        waiting = bool(self._received)
        self._received.clear()
        return waiting

    def run(self, steps: Iterable[tuple[float, float]], repeat: int = 1) -> None:
        """Draw (A) for (s), step after step, `repeat` times; the last current stays."""
        steps = tuple(steps)
        for _ in range(repeat):
            self._run(steps)

    def _advance(self, seconds: float) -> None:
        self._run(((self._world.history.load[-1], seconds),))

    def _run(self, steps: tuple[tuple[float, float], ...]) -> None:
        self._check()
        with contextlib.suppress(BrownOutError):  # it has ended this boot
            self._world.run(steps)
        self._check()

    def _check(self) -> None:
        if not self._alive:
            raise StoppedError

    def _attend(self, program: Application, first: Callable[[], None]) -> None:
        self._busy = True
        try:
            first()
            while self._received and self._alive:
                data = bytes(self._received)
                self._received.clear()
                program.receive(data)
        finally:
            self._busy = False
