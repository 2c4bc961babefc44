"""The sensor's driver and the window buffer as ESP32 machine code, made and used as the host's."""

import struct
from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from tests.firmware.sampling import CHANNELS, WINDOW, Buffer, Driver, Fetched, Lines, Registers
from tests.firmware.xtensa import Emulator

_SAMPLE = struct.Struct("<I6f")


class _Order(IntEnum):
    NEW_SENSOR = 0
    RESET = 1
    START = 2
    STOP = 3
    FETCH = 4
    FREE_BUS = 5
    NEW_BUFFER = 6
    CLEAR = 7
    INTERRUPT = 8
    PUSH = 9
    WINDOW = 10
    COUNTS = 11
    BUFFER_BYTES = 12


class _Call(IntEnum):
    RETURNED = 0
    WRITE = 1
    READ = 2
    SCL = 3
    SDA = 4
    SENSE = 5


class Esp32Sampling:
    """Both run by ``sampling.cpp`` in an emulator, which has one of each."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def driver(self, registers: Registers) -> Driver:
        """See `tests.firmware.sampling.Sampling`."""
        return _Esp32Driver(self._emulator, registers)

    def buffer(self) -> Buffer:
        """See `tests.firmware.sampling.Sampling`."""
        return _Esp32Buffer(self._emulator)

    def free_bus(self, lines: Lines) -> bool:
        """See `tests.firmware.sampling.Sampling`."""
        emulator = self._emulator
        _order(emulator, _Order.FREE_BUS)
        while (call := _Call(emulator.number())) is not _Call.RETURNED:
            if call is _Call.SENSE:
                emulator.send(struct.pack("<I", lines.sense()))
            else:
                (lines.scl if call is _Call.SCL else lines.sda)(bool(emulator.number()))
        return bool(emulator.number())


class _Esp32Driver:
    def __init__(self, emulator: Emulator, registers: Registers) -> None:
        self._emulator, self._registers = emulator, registers
        self._done(_Order.NEW_SENSOR)

    def reset(self) -> str | None:
        self._done(_Order.RESET)
        return self._emulator.sized().decode() or None

    def start(self, now: int) -> str | None:
        self._done(_Order.START, struct.pack("<Q", now))
        return self._emulator.sized().decode() or None

    def stop(self) -> None:
        self._done(_Order.STOP)

    def fetch(self, now: int) -> Fetched | None:
        self._done(_Order.FETCH, struct.pack("<Q", now))
        if not self._emulator.number():
            return None
        number, *values = _SAMPLE.unpack(self._emulator.receive(_SAMPLE.size))
        return number, values

    def _done(self, order: _Order, content: bytes = b"") -> None:
        _order(self._emulator, order, content)
        while (call := _Call(self._emulator.number())) is not _Call.RETURNED:
            self._serve(call)

    def _serve(self, call: _Call) -> None:
        emulator, address = self._emulator, self._emulator.number()
        if call is _Call.WRITE:
            emulator.send(struct.pack("<I", self._registers.write(address, emulator.number())))
            return
        content = self._registers.read(address, emulator.number())
        emulator.send(struct.pack("<I", content is not None) + (content or b""))


class _Esp32Buffer:
    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._done(_Order.NEW_BUFFER)

    def clear(self) -> None:
        self._done(_Order.CLEAR)

    def interrupt(self) -> None:
        self._done(_Order.INTERRUPT)

    def push(self, number: int, values: Sequence[float]) -> bool:
        self._done(_Order.PUSH, _SAMPLE.pack(number, *values))
        return bool(self._emulator.number())

    @property
    def window(self) -> NDArray[np.float32]:
        self._done(_Order.WINDOW)
        content = self._emulator.receive(4 * WINDOW * CHANNELS)
        return np.frombuffer(content, "<f4").reshape(WINDOW, CHANNELS)

    @property
    def counts(self) -> tuple[int, ...]:
        self._done(_Order.COUNTS)
        return tuple(self._emulator.number() for _ in range(4))

    @property
    def size(self) -> int:
        self._done(_Order.BUFFER_BYTES)
        return self._emulator.number()

    def _done(self, order: _Order, content: bytes = b"") -> None:
        _order(self._emulator, order, content)
        assert self._emulator.number() == _Call.RETURNED


def _order(emulator: Emulator, order: _Order, content: bytes = b"") -> None:
    emulator.send(struct.pack("<I", order) + content)
