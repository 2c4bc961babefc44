"""The firmware's kernels as ESP32 machine code, with the face that they have here."""

import ctypes
import struct
from enum import IntEnum
from typing import cast

from bench.twin.core.kernels import Kernels
from tests.firmware.xtensa import Emulator, instructions

Pointer = ctypes.c_void_p


class _Function(IntEnum):
    HYBRID_DENSE = 0
    FLOAT_DENSE = 1
    SOFTMAX = 2
    QUANTISE_ROW = 3
    NOTHING = 4


class Esp32Kernels:
    """The functions of ``har_hybrid_dense.h``, computed by ``kernels.cpp`` in an emulator.

    Attributes:
        instructions: Of the last call, where the emulator counts.
    """

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self.instructions = 0

    def har_hybrid_dense(
        self, weights: Pointer, scales: Pointer, scale_count: int, bias: Pointer, units: int,
        inputs: int, asymmetric: int, activation: int, rows_at: Pointer, rows: int,
        _scratch: Pointer, scratch_bytes: int, output: Pointer,
    ) -> int:  # fmt: skip
        """As in the header."""
        return self._ask(
            _Function.HYBRID_DENSE, (rows, units, inputs, scale_count, asymmetric, activation), 0.0,
            (_read(weights, units * inputs), _read(scales, 4 * scale_count),
             _read(bias, 4 * units), _read(rows_at, 4 * rows * inputs)),
            scratch_bytes, (output, 4 * rows * units),
        )  # fmt: skip

    def har_float_dense(
        self, weights: Pointer, bias: Pointer, units: int, inputs: int, activation: int,
        rows_at: Pointer, rows: int, output: Pointer,
    ) -> int:  # fmt: skip
        """As in the header."""
        return self._ask(
            _Function.FLOAT_DENSE, (rows, units, inputs, 0, 0, activation), 0.0,
            (_read(weights, 4 * units * inputs), None, _read(bias, 4 * units),
             _read(rows_at, 4 * rows * inputs)),
            0, (output, 4 * rows * units),
        )  # fmt: skip

    def har_softmax(
        self, rows_at: Pointer, rows: int, width: int, beta: ctypes.c_float, output: Pointer
    ) -> int:
        """As in the header."""
        size = 4 * rows * width
        return self._ask(
            _Function.SOFTMAX, (rows, 0, width, 0, 0, 0), beta.value,
            (None, None, None, _read(rows_at, size)), 0, (output, size),
        )  # fmt: skip

    def quantise_row(self, row: bytes, asymmetric: bool) -> bytes:
        """The int8 values of a row of float32, both as bytes."""
        stored = ctypes.create_string_buffer(len(row) // 4)
        self._ask(
            _Function.QUANTISE_ROW, (1, 0, len(stored), 0, int(asymmetric), 0), 0.0,
            (None, None, None, row), 0, (Pointer(ctypes.addressof(stored)), len(stored)),
        )  # fmt: skip
        return stored.raw

    def nothing(self) -> None:
        """A call without a kernel, for what counting itself costs."""
        self._ask(_Function.NOTHING, (0,) * 6, 0.0, (None,) * 4, 0, (Pointer(), 0))

    def _ask(
        self,
        function: _Function,
        shape: tuple[int, ...],
        beta: float,
        arrays: tuple[bytes | None, ...],
        scratch_bytes: int,
        output: tuple[Pointer, int],
    ) -> int:
        sizes = (-1 if array is None else len(array) for array in arrays)
        request = struct.pack("<7if6i", function, *shape, beta, *sizes, scratch_bytes, output[1])
        self._emulator.send(request + b"".join(array or b"" for array in arrays))
        status, cycles = struct.unpack("<iI", self._emulator.receive(8))
        ctypes.memmove(output[0], self._emulator.receive(output[1]), output[1])
        self.instructions = instructions(cycles)
        return int(status)


def kernels_of(emulator: Emulator) -> Kernels:
    """The kernels as the twin calls them, computed in the emulator."""
    return Kernels(cast(ctypes.CDLL, Esp32Kernels(emulator)))


def _read(at: Pointer, size: int) -> bytes | None:
    return None if at.value is None else ctypes.string_at(at, size)
