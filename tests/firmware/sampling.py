"""The sensor's driver and the window buffer, as this machine runs them."""

import ctypes
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bench.twin.core.interface import library

WINDOW, CHANNELS = 128, 6

Fetched = tuple[int, list[float]]
"""Number of a reading, and its six values in g and rad/s."""


class Registers(Protocol):
    """The sensor's side of its bus."""

    def write(self, address: int, value: int) -> bool:
        """Set a register; whether that was acknowledged."""

    def read(self, address: int, size: int) -> bytes | None:
        """So many bytes from a register on; None where nobody acknowledged."""


class Lines(Protocol):
    """The bus's two lines."""

    def scl(self, level: bool) -> None:
        """Let the clock rise, or pull it down."""

    def sda(self, level: bool) -> None:
        """Let the data line rise, or pull it down."""

    def sense(self) -> bool:
        """Whether the data line is high."""


class Driver(Protocol):
    """``har::mpu6050::Sensor``; times in us."""

    def reset(self) -> str | None:
        """Identify and reset; what is wrong, or None."""

    def start(self, now: int) -> str | None:
        """Configure; what is wrong, or None."""

    def stop(self) -> None:
        """Ask for no more readings."""

    def fetch(self, now: int) -> Fetched | None:
        """The oldest reading that was not fetched yet."""


class Buffer(Protocol):
    """``har::WindowBuffer``."""

    def clear(self) -> None:
        """Forget all."""

    def interrupt(self) -> None:
        """No sample came when one was due."""

    def push(self, number: int, values: Sequence[float]) -> bool:
        """Add a sample; whether a window is complete."""

    @property
    def window(self) -> NDArray[np.float32]:
        """(128, 6) the window that is complete."""

    @property
    def counts(self) -> tuple[int, ...]:
        """Samples, gaps, missing samples, windows."""

    @property
    def size(self) -> int:
        """Bytes of memory that it takes."""


class Sampling(Protocol):
    """Makes them. A driver is used until the next is made, and so is a buffer."""

    def driver(self, registers: Registers) -> Driver:
        """A driver of the sensor with these registers."""

    def buffer(self) -> Buffer:
        """An empty buffer."""

    def free_bus(self, lines: Lines) -> bool:
        """Clock a bus free; whether it is."""


class HostSampling:
    """Both from the shared library of this machine."""

    def driver(self, registers: Registers) -> Driver:
        """See `Sampling`."""
        return _HostDriver(registers)

    def buffer(self) -> Buffer:
        """See `Sampling`."""
        return _HostBuffer()

    def free_bus(self, lines: Lines) -> bool:
        """See `Sampling`."""
        called = _Lines(
            _LEVEL(lambda level: lines.scl(bool(level))),
            _LEVEL(lambda level: lines.sda(bool(level))),
            _SENSE(lambda: int(lines.sense())),
        )
        return bool(library().har_mpu6050_free_bus(ctypes.byref(called)))


_WRITE = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_uint8, ctypes.c_uint8)
_READ = ctypes.CFUNCTYPE(
    ctypes.c_int32, ctypes.c_uint8, ctypes.POINTER(ctypes.c_uint8), ctypes.c_size_t
)
_LEVEL = ctypes.CFUNCTYPE(None, ctypes.c_int32)
_SENSE = ctypes.CFUNCTYPE(ctypes.c_int32)


class _Registers(ctypes.Structure):
    _fields_ = (("write", _WRITE), ("read", _READ))


class _Lines(ctypes.Structure):
    _fields_ = (("scl", _LEVEL), ("sda", _LEVEL), ("sense", _SENSE))


class _HostDriver:
    def __init__(self, registers: Registers) -> None:
        def read(address: int, data: "ctypes._Pointer[ctypes.c_uint8]", size: int) -> int:
            content = registers.read(address, size)
            if content is None:
                return 0
            ctypes.memmove(data, content, len(content))
            return 1

        self._library = library()
        self._library.har_mpu6050_new.restype = ctypes.c_void_p
        self._library.har_mpu6050_reset.restype = ctypes.c_char_p
        self._library.har_mpu6050_start.restype = ctypes.c_char_p
        self._registers = _Registers(_WRITE(registers.write), _READ(read))
        self._driver = ctypes.c_void_p(self._library.har_mpu6050_new(ctypes.byref(self._registers)))

    def __del__(self) -> None:
        self._library.har_mpu6050_delete(self._driver)

    def reset(self) -> str | None:
        return _text(self._library.har_mpu6050_reset(self._driver))

    def start(self, now: int) -> str | None:
        return _text(self._library.har_mpu6050_start(self._driver, ctypes.c_uint64(now)))

    def stop(self) -> None:
        self._library.har_mpu6050_stop(self._driver)

    def fetch(self, now: int) -> Fetched | None:
        number, values = ctypes.c_uint32(), (ctypes.c_float * CHANNELS)()
        there = self._library.har_mpu6050_fetch(
            self._driver, ctypes.c_uint64(now), ctypes.byref(number), values
        )
        return (number.value, list(values)) if there else None


def _text(text: bytes | None) -> str | None:
    return None if text is None else text.decode()


class _HostBuffer:
    def __init__(self) -> None:
        self._library = library()
        self._library.har_window_buffer_new.restype = ctypes.c_void_p
        self._library.har_window_buffer_size.restype = ctypes.c_size_t
        self._buffer = ctypes.c_void_p(self._library.har_window_buffer_new())

    def __del__(self) -> None:
        self._library.har_window_buffer_delete(self._buffer)

    def clear(self) -> None:
        self._library.har_window_buffer_clear(self._buffer)

    def interrupt(self) -> None:
        self._library.har_window_buffer_interrupt(self._buffer)

    def push(self, number: int, values: Sequence[float]) -> bool:
        row = (ctypes.c_float * CHANNELS)(*values)
        return bool(
            self._library.har_window_buffer_push(self._buffer, ctypes.c_uint32(number), row)
        )

    @property
    def window(self) -> NDArray[np.float32]:
        room = np.empty((WINDOW, CHANNELS), dtype=np.float32)
        self._library.har_window_buffer_window(self._buffer, ctypes.c_void_p(room.ctypes.data))
        return room

    @property
    def counts(self) -> tuple[int, ...]:
        room = (ctypes.c_uint32 * 4)()
        self._library.har_window_buffer_counts(self._buffer, room)
        return tuple(room)

    @property
    def size(self) -> int:
        return int(self._library.har_window_buffer_size())
