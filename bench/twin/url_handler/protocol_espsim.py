"""``espsim://``: data over a pseudo-terminal, DTR and RTS over a socket; see the package."""

import contextlib
import socket
from urllib.parse import parse_qs, urlsplit

from serial.serialposix import Serial as PosixSerial
from serial.serialutil import SerialException

from bench.twin.esp32.modem_lines import DTR, RTS


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
        # esptool sets DTR and RTS by pyserial's methods, and not by an ioctl that a
        # pseudo-terminal refuses, where the name of the port begins so.
        self.name = f"rfc2217:{url}"

    def open(self) -> None:
        """Open the terminal and raise both lines."""
        self._lines = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._lines.connect(self._control)
            self._tell(DTR | RTS)
            super().open()
        except OSError as error:
            self._drop()
            raise SerialException(f"could not open port {self._url}: {error}") from error

    def close(self) -> None:
        """Close the terminal; both lines drop."""
        super().close()
        self._drop()

    @property
    def cts(self) -> bool:
        """Not connected, as the other three inputs."""
        return False

    @property
    def dsr(self) -> bool:
        """Not connected."""
        return False

    @property
    def ri(self) -> bool:
        """Not connected."""
        return False

    @property
    def cd(self) -> bool:
        """Not connected."""
        return False

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
