"""The serial port that clients open: a pseudo-terminal, and a socket beside it for DTR and RTS.

A pseudo-terminal has no modem lines. Clients that reset the chip open the port through the URL
handler in `bench.twin.url_handler`, which carries the lines over the socket. While no such client
is there, this module does what a person with two buttons would: a request to synchronise that
reaches anything but a loader puts the chip into it, and closing the port afterwards starts the chip
from flash.
"""

import errno
import fcntl
import os
import pty
import select
import shutil
import struct
import tempfile
import threading
import tty
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from bench.twin.esp32 import constants, slip
from bench.twin.esp32.modem_lines import ModemLines
from bench.twin.esp32.protocol import SYNC

_SYNC_FRAME = slip.encode(SYNC)
_READ_SIZE = 1 << 16
_UNREAD_LIMIT = 1 << 20
"""Bytes kept for a client that does not read; beyond it a driver's buffer overflows, too."""
_REPEAT_S = 0.1
_TCGETS2 = 0x802C542A
_TERMIOS2 = struct.Struct("4I20B2I")


class Chip(Protocol):
    """The chip at the other end of the cable; its methods may be called by any thread."""

    def lines(self, dtr: bool, rts: bool) -> None:
        """The client set its modem lines."""

    def receive(self, data: bytes) -> None:
        """Bytes from the client."""

    @property
    def wants_button(self) -> bool:
        """Whether something runs that is no loader."""

    @property
    def repeats(self) -> bool:
        """Whether `repeat` is due now and then."""

    def repeat(self) -> None:
        """Print once more."""


class SerialPort:
    """One serial port and the thread that serves it. A context manager; `close` ends it."""

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        self._master, slave = pty.openpty()
        self.path = os.ttyname(slave)
        tty.setraw(slave)
        os.close(slave)
        os.set_blocking(self._master, False)
        self._output = threading.Lock()
        self._unsent = bytearray()
        self._button = threading.Lock()
        self._pressed = False
        self._taken: int | None = None
        self._stop_read, self._stop_write = os.pipe()
        self._directory = tempfile.mkdtemp(prefix="espsim-")
        self._lines = ModemLines(
            str(Path(self._directory) / "lines"), self._before_opening, chip.lines
        )
        self._thread = threading.Thread(target=self._serve, name="serial port", daemon=True)
        self._thread.start()

    def __enter__(self) -> "SerialPort":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The port's address for pyserial: data and modem lines."""
        return f"espsim://{self.path}?ctl={quote(self._lines.path)}"

    @property
    def rate(self) -> int:
        """The rate in bit/s that the client has set."""
        reply = fcntl.ioctl(self._master, _TCGETS2, bytes(_TERMIOS2.size))
        return int(_TERMIOS2.unpack(reply)[-1]) or constants.ROM_BAUD

    def send(self, data: bytes) -> None:
        """Bytes for the client; kept while it does not read, lost while the port is closed."""
        with self._output:
            self._unsent += data[: max(0, _UNREAD_LIMIT - len(self._unsent))]
            self._flush()

    def take(self) -> None:
        """Open it as another program would that wants it for itself."""
        self._taken = os.open(self.path, os.O_RDWR | os.O_NOCTTY)
        fcntl.flock(self._taken, fcntl.LOCK_EX)

    def close(self) -> None:
        """Take the port away."""
        if self._taken is not None:
            os.close(self._taken)
        os.write(self._stop_write, b"x")
        self._thread.join()
        self._lines.close()
        for descriptor in (self._master, self._stop_read, self._stop_write):
            os.close(descriptor)
        shutil.rmtree(self._directory)

    def _serve(self) -> None:
        # Edge-triggered: a closed pseudo-terminal would report its hang-up without end.
        edges = select.EPOLLIN | select.EPOLLOUT | select.EPOLLHUP | select.EPOLLET
        with select.epoll() as poll:
            poll.register(self._master, edges)
            poll.register(self._stop_read, select.EPOLLIN)
            while True:
                events = dict(poll.poll(_REPEAT_S if self._chip.repeats else None))
                if self._stop_read in events:
                    return
                self._attend(events.get(self._master, 0))
                if not events and self._chip.repeats:
                    self._chip.repeat()

    def _attend(self, events: int) -> None:
        with self._output:
            self._flush()  # or, if nobody is there, forget
        while data := self._read():
            self._receive(data)
        if events & select.EPOLLHUP:
            self._hang_up()

    def _before_opening(self) -> None:
        """A client with modem lines is about to open: what the one before it left goes first.

        Its hang-up may not have been noticed yet, and cannot be any more once the port is open.
        """
        with self._output:
            self._unsent.clear()
        if self._is_closed():
            self._hang_up()

    def _is_closed(self) -> bool:
        poll = select.poll()
        poll.register(self._master, 0)  # a hang-up is told unasked
        return bool(poll.poll(0))

    def _read(self) -> bytes:
        try:
            return os.read(self._master, _READ_SIZE)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EIO):  # nothing there; nobody there
                return b""
            raise

    def _flush(self) -> None:
        while self._unsent:
            try:
                del self._unsent[: os.write(self._master, self._unsent)]
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                self._unsent.clear()

    def _receive(self, data: bytes) -> None:
        alone = not self._lines.in_use
        if alone and _SYNC_FRAME in data and self._chip.wants_button:
            with self._button:
                self._pressed = True
            self._press((False, True), (True, False), (False, False))
        self._chip.receive(data)

    def _hang_up(self) -> None:
        with self._button:
            pressed, self._pressed = self._pressed, False
        if pressed:
            self._press((False, True), (False, False))

    def _press(self, *states: tuple[bool, bool]) -> None:
        for dtr, rts in states:
            self._chip.lines(dtr, rts)
