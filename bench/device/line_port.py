"""A serial port as lines of text: what the console is spoken over."""

import time
from typing import Self

import serial

from bench.device.errors import ConsoleGarbageError, DeviceSilentError, PortError

_MAX_LINE = 4096


class LinePort:
    """Commands out, lines in, on an open serial port.

    Args:
        port: Open serial port; its own time-outs are set here.
        timeout: Longest wait in s for the device to take a command.
    """

    def __init__(self, port: serial.Serial, timeout: float) -> None:
        self._port = port
        self._received = b""
        self._port.timeout = 0.05
        self._port.write_timeout = timeout

    @classmethod
    def open(cls, url: str, baud: int, timeout: float) -> Self:
        """Open the port at `url` without touching the reset lines.

        Raises:
            PortError: There is no such port, or somebody else has it open.
        """
        try:
            port = serial.serial_for_url(url, do_not_open=True, exclusive=True)
            port.baudrate = baud
            port.dtr = port.rts = False
            port.open()
        except (serial.SerialException, ValueError, OSError) as error:
            raise PortError(
                f"serial port {url}: {error}: check the cable, the station file's [device] port, "
                "and that no other program has it open"
            ) from error
        return cls(port, timeout)

    def close(self) -> None:
        """Close the port."""
        self._port.close()

    @property
    def has_part_of_a_line(self) -> bool:
        """Whether something has come that is not the end of a line yet."""
        return bool(self._received)

    def discard(self) -> None:
        """Forget what has come so far.

        Raises:
            PortError: It was lost.
        """
        self._received = b""
        try:
            self._port.reset_input_buffer()
        except Exception as error:  # on Linux it may be termios.error, which is no OSError
            raise PortError(f"serial port lost: {error}: check the cable") from error

    @staticmethod
    def within(seconds: float) -> float:
        """The moment so many s from now, in monotonic s."""
        return time.monotonic() + seconds

    def send(self, command: bytes, text: str) -> None:
        """Send a command, and the ``%`` that ends it.

        Args:
            command: The command without its ``%``.
            text: The command in messages.

        Raises:
            DeviceSilentError: The device does not take it.
            PortError: It was lost.
        """
        try:
            self._port.write(command + b"%")
        except serial.SerialTimeoutException as error:
            raise DeviceSilentError(f"device does not take {text!r}: {error}") from error
        except (serial.SerialException, OSError) as error:
            raise PortError(
                f"serial port lost while sending {text!r}: {error}: check the cable"
            ) from error

    def line(self, deadline: float, *, strict: bool) -> str | None:
        """The next line, or None when `deadline` (monotonic s) passes first.

        Args:
            deadline: See `within`.
            strict: Whether bytes that are no ASCII are an error, or replaced.

        Raises:
            ConsoleGarbageError: What came is no line, or is no text.
            PortError: It was lost.
        """
        while b"\n" not in self._received and len(self._received) <= _MAX_LINE:
            late = time.monotonic() > deadline  # and yet what came in time is read, however late
            try:
                waiting = self._port.in_waiting
                if late and not waiting:
                    return None
                self._received += self._port.read(waiting or 1)
            except (serial.SerialException, OSError) as error:
                raise PortError(f"serial port lost: {error}: check the cable") from error
        raw, _, rest = self._received.partition(b"\n")
        if len(raw) > _MAX_LINE:
            raise ConsoleGarbageError(
                f"device: {len(raw)} bytes without a line end, starting {raw[:16]!r}: "
                "check the baud rate"
            )
        self._received = rest
        try:
            return raw.decode("ascii").strip()
        except UnicodeDecodeError as error:
            if not strict:
                return raw.decode("ascii", "replace").strip()
            raise ConsoleGarbageError(
                f"device: {_around(raw, error.start)!r} is not the console's text: check baud rate "
                "and wiring"
            ) from error


def _around(raw: bytes, at: int) -> bytes:
    """The byte that is wrong, and what is next to it."""
    return raw[max(0, at - 16) : at + 16]
