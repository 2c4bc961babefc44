"""The twin's MPU-6050: a stream of raw samples at 50 Hz, and the FIFO that they wait in.

The stream is a file that the lab is started with (``python -m bench twin --sensor FILE``). Each
`start` plays it from its beginning, and when it has ended it begins again; without one the sensor
lies still on a table. The FIFO holds 85 samples; when more wait, the oldest are lost. Between two
samples the chip is in light sleep, which the sensor's data-ready line ends.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.twin.constants import constants
from bench.twin.cost_model import Settings
from bench.twin.esp32.application import ApplicationHost

PERIOD_US = 20_000
"""Microseconds from one reading to the next: 50 Hz."""
CHANNELS = 6
_GRAVITY = (0, 0, 8192, 0, 0, 0)
"""1 g along z at +-4 g."""


class SensorFileError(BenchError):
    """A file that the simulated sensor cannot play."""


@dataclass(frozen=True, eq=False)
class Stream:
    """What the sensor measures.

    Attributes:
        samples: (n, 6) int16, the sensor's registers at +-4 g and +-500 degrees/s.
        numbers: (n,) int64 from 0 on, rising: how many periods after the first each is due.
        length: Periods after which it is played again.
    """

    samples: NDArray[np.int16]
    numbers: NDArray[np.int64]
    length: int

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read an ``.npz`` file with ``samples`` and ``numbers``; it misses a period at its end.

        Raises:
            SensorFileError: No such file, or not such a file.
        """
        try:
            with np.load(path, allow_pickle=False) as arrays:
                samples, numbers = arrays["samples"], arrays["numbers"]
        except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
            raise SensorFileError(
                f"{path}: no stream for the sensor ({error}); wanted an .npz file with samples and "
                "numbers (docs/live.md)"
            ) from error
        if samples.dtype != np.int16 or samples.shape != (len(numbers), CHANNELS):
            raise SensorFileError(
                f"{path}: samples are {samples.dtype} {samples.shape}; wanted int16 "
                f"({len(numbers)}, {CHANNELS}), one row for each number"
            )
        rising = numbers.dtype == np.int64 and len(numbers) > 0 and numbers[0] == 0
        if not rising or (np.diff(numbers) < 1).any():
            raise SensorFileError(
                f"{path}: numbers are {numbers.dtype} from {numbers[:1]}; wanted int64 that rise "
                "from 0 on"
            )
        return cls(samples, numbers, int(numbers[-1]) + 2)

    def number(self, index: int) -> int:
        """The number of the reading with this index, counted on when the stream is repeated."""
        rounds, place = divmod(index, len(self.numbers))
        return rounds * self.length + int(self.numbers[place])

    def sample(self, index: int) -> NDArray[np.int16]:
        """(6,) registers of the reading with this index."""
        return np.asarray(self.samples[index % len(self.samples)])

    def count(self, periods: int) -> int:
        """How many readings there are in the first so many periods."""
        rounds, rest = divmod(periods, self.length)
        return rounds * len(self.numbers) + int(np.searchsorted(self.numbers, rest))


AT_REST = Stream(np.array([_GRAVITY], np.int16), np.zeros(1, np.int64), 1)
"""Somebody put it on a table."""


@dataclass(frozen=True, eq=False)
class Reading:
    """A sample from the FIFO: the number of the reading, and its (6,) int16 registers."""

    number: int
    registers: NDArray[np.int16]


class Fifo:
    """The sensor's memory, as a function of the time at which it is asked.

    Args:
        stream: What is measured.
        start_us: When sampling was started; the first reading is due a period later.
    """

    def __init__(self, stream: Stream, start_us: int) -> None:
        self._stream, self._start_us = stream, start_us
        self._depth = int(constants().live.fifo.value // constants().live.sample.value)
        self._taken = 0

    @property
    def due_us(self) -> int:
        """When the oldest reading that nobody took was, or will be, there."""
        return self._start_us + (self._stream.number(self._taken) + 1) * PERIOD_US

    def take(self, now_us: int) -> Reading | None:
        """The oldest reading that is still there; None if there is none."""
        there = self._stream.count((now_us - self._start_us) // PERIOD_US)
        index = max(self._taken, there - self._depth)
        if index >= there:
            return None
        self._taken = index + 1
        return Reading(self._stream.number(index), self._stream.sample(index))


class Sampling:
    """The firmware's driver of the sensor, from `start` to the end of a boot.

    Args:
        host: The chip.
        settings: How it is set; decides the currents.
        stream: What the sensor measures.
    """

    def __init__(self, host: ApplicationHost, settings: Settings, stream: Stream) -> None:
        self._host, self._settings, self._stream = host, settings, stream
        self._fifo = Fifo(stream, 0)

    def start(self) -> None:
        """Empty the FIFO and play the stream from its beginning."""
        self._fifo = Fifo(self._stream, self._host.micros())

    def read(self, timeout_us: int) -> Reading | None:
        """The next reading, after light sleep until it is there; None after `timeout_us`."""
        now = self._host.micros()
        due = self._fifo.due_us
        if due > now:
            asleep = (min(due - now, timeout_us)) * 1e-6
            wake = constants().live.wake.value
            self._host.run(((self._settings.sleep_amps, asleep), (self._settings.idle_amps, wake)))
        if due > now + timeout_us:
            return None
        self._host.run(((self._settings.idle_amps, constants().live.burst.value),))
        return self._fifo.take(self._host.micros())
