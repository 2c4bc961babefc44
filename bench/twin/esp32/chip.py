"""The chip: power, reset lines, boot modes and the UART's end; the programs are elsewhere."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bench.twin.esp32 import constants, uart
from bench.twin.esp32.application import ApplicationFactory, StoppedError
from bench.twin.esp32.boot import Boot
from bench.twin.esp32.flash import Flash
from bench.twin.esp32.flash_boot import BootError, find_application
from bench.twin.esp32.loader import Loader
from bench.twin.esp32.programs import Halted, Upload
from bench.twin.esp32.registers import ESP32_MAGIC, Registers
from bench.twin.world import BrownOutError, World

_log = logging.getLogger(__name__)

DEFAULT_MAC = bytes.fromhex("240ac4aabbcc")
"""In Espressif's range."""

_POWER_ON, _BROWN_OUT = "0x1 (POWERON_RESET)", "0xf (RTCWDT_BROWN_OUT_RESET)"
_SOFTWARE = "0xc (SW_CPU_RESET)"
_FROM_FLASH = "0x13 (SPI_FAST_FLASH_BOOT)"
_DOWNLOAD = "0x3 (DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))"
_FLASH_SETTINGS = (
    "configsip: 0, SPIWP:0xee\r\n"
    "clk_drv:0x00,q_drv:0x00,d_drv:0x00,cs0_drv:0x00,hd_drv:0x00,wp_drv:0x00\r\n"
    "mode:DIO, clock div:2\r\n"
)


class Line(Protocol):
    """The other end of the UART: a client's serial port."""

    @property
    def rate(self) -> int:
        """The client's rate in bit/s."""

    def send(self, data: bytes) -> None:
        """Bytes for the client; never waits for it."""


@dataclass(frozen=True)
class Identity:
    """What the chip answers when asked who it is."""

    mac: bytes = DEFAULT_MAC
    magic: int = ESP32_MAGIC


@dataclass(frozen=True)
class Defects:
    """What may be broken about this specimen.

    Attributes:
        silent: Its transmit line is cut.
        strapped: Something holds its IO0 low, so that it always starts its loader.
        clock: Its UART's clock, relative to what it should be.
    """

    silent: bool = False
    strapped: bool = False
    clock: float = 1.0


class Esp32:
    """An ESP32 with its flash, behind the shunt and at the far end of a serial cable."""

    def __init__(
        self,
        world: World,
        application: ApplicationFactory,
        *,
        flash: Flash | None = None,
        identity: Identity = Identity(),
        defects: Defects = Defects(),
    ) -> None:
        self.flash = flash or Flash()
        self._world = world
        self._application = application
        self._identity = identity
        self._defects = defects
        self._line: Line | None = None
        self._dtr = self._rts = False
        self._powered = self._browned_out = False
        self._boot: Boot | None = None
        self._booting: set[int] = set()
        self.registers = self._fresh_registers()
        world.attach(self)

    def connect(self, line: Line) -> None:
        """Plug in the serial cable."""
        self._line = line

    def disconnect(self) -> None:
        """Pull it out; with the world's lock held, so that nothing is on its way."""
        self._line = None

    def power_on(self) -> None:
        """The supply rose; see `bench.twin.world.Load`."""
        self._powered = True
        if threading.get_ident() in self._booting:
            self._hold()  # booting itself takes the voltage down: it stays in reset
        else:
            self._leave_reset(_BROWN_OUT if self._browned_out else _POWER_ON)

    def power_off(self) -> None:
        """The supply went; see `bench.twin.world.Load`."""
        self._powered, self._browned_out = False, self._world.on
        self._end_boot()
        self._world.draw(0.0)

    def lines(self, dtr: bool, rts: bool) -> None:
        """The client set its modem lines; two transistors make EN and IO0 of them.

        RTS alone holds EN low; DTR alone holds IO0 low. EN rises slowly, so the short time of both
        on the way from the one to the other leaves the chip in reset, and IO0 is sampled after it.
        """
        with self._world.lock:
            self._world.catch_up()
            self._dtr, self._rts = dtr, rts
            if not self._powered:
                return
            if rts and not dtr:
                self._hold()
            elif not rts and self._boot is None:
                self._leave_reset(_POWER_ON)

    def receive(self, data: bytes) -> None:
        """Bytes from the client, at its rate; lost while nothing runs."""
        with self._world.lock:
            self._world.catch_up()
            boot = self._boot
            if boot is None or self._line is None:
                return
            if boot.auto_baud:
                boot.baud = self._line.rate
            self._attend(boot, lambda: self._deliver(boot, data))

    @property
    def wants_button(self) -> bool:
        """Whether something runs that is no loader, so that only a button leads to one."""
        return self._boot is not None and not isinstance(self._boot.program, Loader)

    @property
    def repeats(self) -> bool:
        """Whether what runs prints of its own accord; then `repeat` is due now and then."""
        return self._boot is not None and isinstance(self._boot.program, Upload)

    def repeat(self) -> None:
        """Let a program that prints of its own accord print once more."""
        with self._world.lock:
            boot = self._boot
            if boot is not None and isinstance(boot.program, Upload):
                self._attend(boot, boot.program.repeat)

    def start_stub(self) -> None:
        """See `bench.twin.esp32.loader.Board`, as for the other three."""
        self._succeed(lambda boot: boot.start(Loader(boot, self, stub=True)))

    def start_upload(self, uploaded: bytes) -> None:
        """Let another uploaded program run."""
        self._succeed(lambda boot: boot.start(Upload(boot, uploaded)))

    def start_flash(self) -> None:
        """Boot from flash."""
        self._succeed(self._boot_flash)

    def start_rom(self) -> None:
        """Reset by software: IO0 is as it was sampled, so the loader starts again."""
        self._succeed(lambda boot: self._run_rom(boot, _SOFTWARE, download=True))

    def _leave_reset(self, cause: str) -> None:
        if self._rts and not self._dtr:
            self._hold()
            return
        download = self._defects.strapped or (self._dtr and not self._rts)
        boot = self._begin_boot(constants.ROM_BAUD)
        self._attend(boot, lambda: self._run_rom(boot, cause, download), booting=True)

    def _run_rom(self, boot: Boot, cause: str, download: bool) -> None:
        boot.set_baud(constants.ROM_BAUD)
        self.registers = self._fresh_registers()
        boot.run([(constants.ROM_CURRENT, constants.EN_RISE + constants.ROM_BOOT)])
        mode = _DOWNLOAD if download else _FROM_FLASH
        boot.write(f"ets Jul 29 2019 12:21:46\r\n\r\nrst:{cause},boot:{mode}\r\n".encode())
        if download:
            boot.write(b"waiting for download\r\n")
            boot.auto_baud = True
            boot.start(Loader(boot, self, stub=False))
        else:
            self._boot_flash(boot)

    def _boot_flash(self, boot: Boot) -> None:
        boot.set_baud(constants.ROM_BAUD)
        try:
            found = find_application(self.flash)
        except BootError as error:
            boot.start(Halted(boot, str(error).encode()))
            return
        boot.write(_FLASH_SETTINGS.encode())
        reading = found.length / constants.FLASH_READ_RATE
        boot.run([(constants.STUB_CURRENT, constants.BOOTLOADER + reading)])
        boot.loaded = found
        boot.start(self._application(boot))

    def _succeed(self, start: Callable[[Boot], None]) -> None:
        """End what runs, run something else at the same rate, and unwind the former."""
        baud = self._boot.baud if self._boot else constants.ROM_BAUD
        self._end_boot()
        boot = self._begin_boot(baud)
        self._attend(boot, lambda: start(boot), booting=True)
        raise StoppedError

    def _attend(self, boot: Boot, action: Callable[[], None], *, booting: bool = False) -> None:
        """Do what a program does; a reset under it ends it quietly, its own error panics it."""
        thread = threading.get_ident()
        outermost = booting and thread not in self._booting
        if outermost:
            self._booting.add(thread)
        try:
            action()
        except (StoppedError, BrownOutError):
            pass
        except Exception as error:
            _log.exception("the application on the simulated chip failed")
            self._panic(boot, error)
        finally:
            if outermost:
                self._booting.discard(thread)

    def _panic(self, boot: Boot, error: Exception) -> None:
        if boot.alive:
            self._end_boot()
            successor = self._begin_boot(boot.baud)
            text = f"Guru Meditation Error: Core  0 panic'ed ({type(error).__name__})\r\n"
            self._attend(successor, lambda: successor.start(Halted(successor, text.encode())))

    def _deliver(self, boot: Boot, data: bytes) -> None:
        assert self._line is not None
        rate = self._line.rate
        self._world.advance(len(data) * uart.byte_time(rate))
        boot.deliver(uart.heard(data, rate, self._actual(boot.baud)))

    def _send(self, data: bytes, baud: int) -> None:
        if self._line is not None and not self._defects.silent:
            self._line.send(uart.heard(data, self._actual(baud), self._line.rate))

    def _actual(self, baud: int) -> int:
        return round(baud * self._defects.clock)

    def _begin_boot(self, baud: int) -> Boot:
        self._boot = Boot(self._world, self.flash, self._send, baud)
        return self._boot

    def _end_boot(self) -> None:
        boot, self._boot = self._boot, None
        if boot is not None:
            boot.end()
        self._world.mark(False)

    def _hold(self) -> None:
        self._end_boot()
        self._world.draw(constants.HELD_CURRENT)

    def _fresh_registers(self) -> Registers:
        return Registers(self._identity.mac, self.flash, self._current_baud, self._identity.magic)

    def _current_baud(self) -> int:
        return self._boot.baud if self._boot is not None else constants.ROM_BAUD
