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
    """The line turns the highest bit of every 61st byte of a boot into a 1."""

    _PERIOD = 61
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


class Bouncing(Interposed):
    """The marker's line falls and rises once more after each rise."""

    _BOUNCE = 100e-6

    def __init__(self, host: ApplicationHost) -> None:
        super().__init__(host)
        self._amps = 0.0

    def run(self, steps: Iterable[tuple[float, float]], repeat: int = 1) -> None:
        """Current for a time; the last one stays, and is drawn while the line bounces."""
        steps = tuple(steps)
        self._amps = steps[-1][0] if steps else self._amps
        super().run(steps, repeat)

    def marker(self, level: bool) -> None:
        """A level, a rise followed by another."""
        self._host.marker(level)
        if level:
            for again in (False, True):
                self._host.run(((self._amps, self._BOUNCE),))
                self._host.marker(again)


class Loaded(Interposed):
    """What hangs on the marker's pin draws a current while it is high."""

    _AMPS = 0.070
    _high = False

    def marker(self, level: bool) -> None:
        """A level that costs a current."""
        self._high = level
        super().marker(level)

    def run(self, steps: Iterable[tuple[float, float]], repeat: int = 1) -> None:
        """Current for a time, and what hangs on the pin."""
        more = self._AMPS if self._high else 0.0
        super().run([(amps + more, seconds) for amps, seconds in steps], repeat)


class Late(Interposed):
    """The marker's line follows its pin by some time, at both edges."""

    _DELAY = 5e-3

    def __init__(self, host: ApplicationHost) -> None:
        super().__init__(host)
        self._due: list[tuple[float, bool]] = []
        self._now = 0.0

    def marker(self, level: bool) -> None:
        """A level that the line takes on later."""
        self._due.append((self._now + self._DELAY, level))

    def run(self, steps: Iterable[tuple[float, float]], repeat: int = 1) -> None:
        """Current for a time, in the course of which the line may change its level."""
        steps = tuple(steps)
        for _ in range(repeat):
            if not self._due:
                super().run(steps)
                self._now += sum(seconds for _, seconds in steps)
                continue
            for amps, seconds in steps:
                self._step(amps, seconds)

    def _step(self, amps: float, seconds: float) -> None:
        end = self._now + seconds
        while self._due and self._due[0][0] <= end:
            moment, level = self._due.pop(0)
            super().run(((amps, moment - self._now),))
            super().marker(level)
            self._now = moment
        super().run(((amps, end - self._now),))
        self._now = end


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
