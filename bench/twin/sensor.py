"""The twin's MPU-6050: its registers, its FIFO and its interrupt, fed from a stream of samples.

The stream is a file that the lab is started with (``python -m bench twin --sensor FILE``); without
one the sensor lies still on a table. It is played from its beginning whenever the driver wakes the
sensor (PWR_MGMT_1), and begins again some time after its end. Registers and their bits: InvenSense,
"MPU-6000 and MPU-6050 Register Map and Descriptions", revision 4.2.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.twin.constants import constants

CHANNELS = 6
ROW_BYTES = 2 * CHANNELS
SILENCE = 100
"""Periods between the end of a stream and its next beginning."""
_GRAVITY = (0, 0, 8192, 0, 0, 0)
"""1 g along z at +-4 g."""

_RATE_DIVIDER, _CONFIG, _GYRO_CONFIG, _ACCEL_CONFIG = 0x19, 0x1A, 0x1B, 0x1C
_FIFO_ENABLE, _INTERRUPT_ENABLE, _INTERRUPT_STATUS = 0x23, 0x38, 0x3A
_USER_CONTROL, _POWER, _FIFO_COUNT, _FIFO_DATA, _WHO_AM_I = 0x6A, 0x6B, 0x72, 0x74, 0x75
_REGISTERS = 0x76
_DEVICE_RESET, _ASLEEP, _IDENTITY = 0x80, 0x40, 0x68
_FIFO_ON, _FIFO_RESET, _ALL_AXES = 0x40, 0x04, 0x78
_OVERFLOW, _DATA_READY = 0x10, 0x01
_FILTER_OFF = (0, 7)


class SensorFileError(BenchError):
    """A file that the simulated sensor cannot play."""


@dataclass(frozen=True, eq=False)
class Stream:
    """What the sensor measures.

    Attributes:
        samples: (n, 6) int16 of acceleration at 8192 for 1 g (+-4 g) and of angular rate at 65.5
            for 1 degree/s (+-500 degrees/s).
        periods: (n,) int64 from 0 on, rising: how many sampling periods after the first each comes.
        length: Periods after which it is played again.
    """

    samples: NDArray[np.int16]
    periods: NDArray[np.int64]
    length: int

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read an ``.npz`` file with ``samples`` and ``periods``.

        Raises:
            SensorFileError: No such file, or not such a file.
        """
        try:
            with np.load(path, allow_pickle=False) as arrays:
                samples, periods = arrays["samples"], arrays["periods"]
        except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
            raise SensorFileError(
                f"{path}: no stream for the sensor ({error}); wanted an .npz file with samples and "
                "periods (docs/live.md)"
            ) from error
        if samples.dtype != np.int16 or samples.shape != (len(periods), CHANNELS):
            raise SensorFileError(
                f"{path}: samples are {samples.dtype} {samples.shape}; wanted int16 "
                f"({len(periods)}, {CHANNELS}), one row for each of the periods"
            )
        from_zero = periods.dtype == np.int64 and len(periods) > 0 and periods[0] == 0
        if not from_zero or (np.diff(periods) < 1).any():
            raise SensorFileError(
                f"{path}: periods are {periods.dtype} from {periods[:1]}; wanted int64 that rise "
                "from 0 on"
            )
        return cls(samples, periods, int(periods[-1]) + SILENCE)

    def period(self, index: int) -> int:
        """The period in which the reading with this index comes, counted on over repetitions."""
        rounds, place = divmod(index, len(self.periods))
        return rounds * self.length + int(self.periods[place])

    def count(self, periods: int) -> int:
        """How many readings have come in the first so many periods."""
        rounds, rest = divmod(periods, self.length)
        return rounds * len(self.periods) + int(np.searchsorted(self.periods, rest))

    def rows(self, first: int, last: int) -> NDArray[np.int16]:
        """(last - first, 6) the readings from the index `first` up to, without, `last`."""
        indices = np.arange(first, last) % len(self.samples)
        return np.asarray(self.samples[indices])


AT_REST = Stream(np.array([_GRAVITY], np.int16), np.zeros(1, np.int64), 1)
"""Somebody put it on a table."""


class Mpu6050:
    """The sensor as its bus and its interrupt line show it; all times in us of one clock.

    It samples while it is awake. In its FIFO go, while that is on, all six axes of each reading.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._depth = int(constants().live.fifo.value)
        self._reset(0)

    def write(self, register: int, value: int, now: int) -> None:
        """Set a register."""
        if register == _POWER:
            if value & _DEVICE_RESET:
                self._reset(now)
                return
            self._awake_since = now
            self._seen = 0
        if register == _USER_CONTROL and value & _FIFO_RESET:
            self._fifo_read = ROW_BYTES * self._count(now)
            self._overflowed = False
            value &= ~_FIFO_RESET
        if register < _REGISTERS:
            self._registers[register] = value

    def read(self, register: int, size: int, now: int) -> bytes:
        """`size` bytes from a register on; from the FIFO's, what waits in the FIFO."""
        if register == _FIFO_DATA:
            return self._take(size, now)
        if register == _INTERRUPT_STATUS:
            return bytes([self._status(now), *bytes(size - 1)])
        content = bytearray(self._registers)
        content[_FIFO_COUNT : _FIFO_COUNT + 2] = self._waiting(now).to_bytes(2, "big")
        return bytes(content[register : register + size]).ljust(size, b"\0")

    def interrupt_at(self, now: int) -> int | None:
        """When the interrupt line is, or will next be, high; None while it is off or asleep."""
        if not self._registers[_INTERRUPT_ENABLE] & _DATA_READY or self._asleep:
            return None
        if self._count(now) > self._seen:
            return now
        due = (self._stream.period(self._seen) + 1) * self._period
        return self._awake_since + round(due)

    @property
    def _asleep(self) -> bool:
        return bool(self._registers[_POWER] & _ASLEEP)

    @property
    def _period(self) -> float:
        """Microseconds from one reading to the next."""
        filtered = self._registers[_CONFIG] & 7 not in _FILTER_OFF
        return (1 + self._registers[_RATE_DIVIDER]) * (1000.0 if filtered else 125.0)

    def _reset(self, now: int) -> None:
        self._registers = bytearray(_REGISTERS)
        self._registers[_POWER] = _ASLEEP
        self._registers[_WHO_AM_I] = _IDENTITY
        self._awake_since, self._seen = now, 0
        self._fifo_read, self._overflowed = 0, False

    def _count(self, now: int) -> int:
        if self._asleep:
            return 0
        return self._stream.count(int((now - self._awake_since) / self._period))

    def _status(self, now: int) -> int:
        self._waiting(now)
        count = self._count(now)
        ready = _DATA_READY if count > self._seen else 0
        overflow = _OVERFLOW if self._overflowed else 0
        self._seen, self._overflowed = count, False
        return ready | overflow

    def _waiting(self, now: int) -> int:
        """Bytes in the FIFO, after the oldest have made room for the newest."""
        on = self._registers[_USER_CONTROL] & _FIFO_ON
        if not on or self._registers[_FIFO_ENABLE] != _ALL_AXES:
            return 0
        written = ROW_BYTES * self._count(now)
        if written - self._fifo_read > self._depth:
            self._fifo_read = written - self._depth
            self._overflowed = True
        return written - self._fifo_read

    def _take(self, size: int, now: int) -> bytes:
        there = min(size, self._waiting(now))
        first, skipped = divmod(self._fifo_read, ROW_BYTES)
        last = first + (skipped + there + ROW_BYTES - 1) // ROW_BYTES
        content = self._scaled(self._stream.rows(first, last)).tobytes()
        self._fifo_read += there
        return content[skipped : skipped + there].ljust(size, b"\0")

    def _scaled(self, rows: NDArray[np.int16]) -> NDArray[np.int16]:
        """Big-endian, at the ranges that are set: each is twice as wide as the one before it."""
        ranges = [self._registers[register] >> 3 & 3 for register in (_ACCEL_CONFIG, _GYRO_CONFIG)]
        factors = np.repeat(2.0 ** (1.0 - np.array(ranges)), 3)
        limits = np.iinfo(np.int16)
        return np.asarray(np.clip(np.rint(rows * factors), limits.min, limits.max), dtype=">i2")
