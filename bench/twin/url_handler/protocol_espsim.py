"""``espsim://``: data over a pseudo-terminal, DTR and RTS over a socket; see the package."""

import contextlib
import socket
import termios
from urllib.parse import parse_qs, urlsplit

from serial.serialposix import Serial as PosixSerial
from serial.serialutil import SerialException

from bench.twin.esp32.modem_lines import DTR, RTS

OPEN_PORTS: dict[int, "Serial"] = {}
"""The open ports of this process by file descriptor."""


class Serial(PosixSerial):
    """A pseudo-terminal whose modem lines work."""

    _lines: socket.socket | None = None

    @property
    def port(self) -> str | None:
        """The address ``espsim:///dev/pts/N?ctl=PATH``."""
        return self._url

    @port.setter
    def port(self, url: str | None) -> None:
        self._url = url
        if url is None:
            return
        parts = urlsplit(url)
        try:
            self._control = parse_qs(parts.query)["ctl"][0]
        except KeyError:
            raise SerialException(
                f"{url!r} has no ctl=PATH; wanted espsim:///dev/pts/N?ctl=PATH, "
                "as the twin prints it"
            ) from None
        self._port = self.portstr = parts.path
        self.name = url

    def open(self) -> None:
        """Open the terminal and raise both lines."""
        self._lines = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._lines.connect(self._control)
            self._tell(DTR | RTS)
            super().open()
            OPEN_PORTS[self.fileno()] = self
        except OSError as error:
            self._drop()
            raise SerialException(f"could not open port {self._url}: {error}") from error

    def close(self) -> None:
        """Close the terminal; both lines drop."""
        if self.is_open:
            OPEN_PORTS.pop(self.fileno(), None)
        super().close()
        self._drop()

    @property
    def modem_bits(self) -> int:
        """Both lines as a terminal's driver gives them (``TIOCM_*``); inputs are not connected."""
        return (termios.TIOCM_DTR if self.dtr else 0) | (termios.TIOCM_RTS if self.rts else 0)

    @modem_bits.setter
    def modem_bits(self, bits: int) -> None:
        self._dtr_state, self._rts_state = (
            bool(bits & termios.TIOCM_DTR),
            bool(bits & termios.TIOCM_RTS),
        )
        self._tell_both()

    def _update_dtr_state(self) -> None:
        self._tell_both()

    def _update_rts_state(self) -> None:
        self._tell_both()

    def _tell_both(self) -> None:
        self._tell((DTR if self.dtr else 0) | (RTS if self.rts else 0))

    def _tell(self, state: int) -> None:
        assert self._lines is not None
        try:
            self._lines.sendall(bytes((state,)))
            answer = self._lines.recv(1)
        except OSError:
            answer = b""
        if not answer:
            raise SerialException(f"the twin behind {self._url} has gone")

    def _drop(self) -> None:
        if self._lines is not None:
            with contextlib.suppress(OSError):
                self._lines.close()
            self._lines = None
