"""What can be wrong between the chip and the application that runs on it.

Each class is an `ApplicationHost` around another that passes everything on but for one thing, so
neither the chip nor the application knows of it, and several can be put around each other.
"""

from collections.abc import Iterable

from bench.twin.esp32.application import ApplicationHost, Description, Partition


class Interposed:
    """Passes everything on; a subclass spoils one thing."""

    def __init__(self, host: ApplicationHost) -> None:
        self._host = host

    @property
    def description(self) -> Description:
        """See `ApplicationHost`, as for all that follows."""
        return self._host.description

    @property
    def partitions(self) -> tuple[Partition, ...]:
        """The partition table."""
        return self._host.partitions

    def flash(self, offset: int, length: int) -> bytes:
        """Mapped flash."""
        return self._host.flash(offset, length)

    def write(self, data: bytes) -> None:
        """Bytes to the UART."""
        self._host.write(data)

    def set_baud(self, rate: int) -> None:
        """The UART's rate in bit/s."""
        self._host.set_baud(rate)

    def micros(self) -> int:
        """Microseconds since the start."""
        return self._host.micros()

    def marker(self, level: bool) -> None:
        """The marker pin."""
        self._host.marker(level)

    def identify(self, text: str) -> None:
        """What runs here."""
        self._host.identify(text)

    def discard_input(self) -> bool:
        """Bytes that came while the application was busy."""
        return self._host.discard_input()

    def run(self, steps: Iterable[tuple[float, float]], repeat: int = 1) -> None:
        """Current (A) for a time (s), step after step."""
        self._host.run(steps, repeat)


class Mute(Interposed):
    """Nothing that the application says leaves the UART."""

    def write(self, data: bytes) -> None:
        """Bytes that are lost."""


class Noisy(Interposed):
    """The line turns the highest bit of every 97th byte of a boot into a 1."""

    _PERIOD = 97
    _sent = 0

    def write(self, data: bytes) -> None:
        """Bytes, some of them others than were meant."""
        spoilt = bytearray(data)
        for index in range(-(self._sent + 1) % self._PERIOD, len(data), self._PERIOD):
            spoilt[index] |= 0x80
        self._sent += len(data)
        self._host.write(bytes(spoilt))


class Unmarked(Interposed):
    """The marker pin is not connected."""

    def marker(self, level: bool) -> None:
        """A level that goes nowhere."""


class Misread(Interposed):
    """A bit of each stretch of flash is misread at the clock at which the application maps it.

    The loader, which reads slowly, sees it as it was written: verification succeeds.
    """

    _AT = 1000

    def flash(self, offset: int, length: int) -> bytes:
        """Mapped flash with one bit wrong."""
        data = bytearray(self._host.flash(offset, length))
        data[min(self._AT, len(data) - 1)] ^= 0x10
        return bytes(data)
