"""The firmware's kernels and core as ESP32 machine code, with the faces that they have here."""

import ctypes
import struct
from collections.abc import Callable
from enum import IntEnum
from math import prod
from typing import cast

from bench.errors import DeviceError
from bench.twin.core.core import Board
from bench.twin.core.interface import ELEMENT_TYPES
from bench.twin.core.kernels import Kernels
from models.graph import Tensor
from tests.firmware.xtensa import Emulator, instructions

Pointer = ctypes.c_void_p
_TEXT = 256
"""Bytes of a text between host and program, the final zero included."""


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


class _Order(IntEnum):
    BOOT = 0
    RECEIVE = 1


class _Call(IntEnum):
    RETURNED = 0
    WRITE = 1
    DRAIN = 2
    MICROS = 3
    MARKER = 4
    TIMESTAMP = 5
    WAIT = 6
    LOAD = 7
    INVOKE = 8
    PROFILE = 9


class Esp32Core:
    """One boot of the application, run by ``core.cpp`` in an emulator; made and used as `Core`."""

    def __init__(
        self,
        emulator: Emulator,
        board: Board,
        name: str,
        version: str,
        clock_hz: int,
        partition: bytes,
    ) -> None:
        self._emulator, self._board, self._partition = emulator, board, partition
        self._description = (
            _text(name) + _text(version) + struct.pack("<II", clock_hz, len(partition)) + partition
        )

    def boot(self) -> None:
        """Load the model and announce the console."""
        self._order(_Order.BOOT, self._description)

    def receive(self, data: bytes) -> None:
        """Bytes from the UART, cut anywhere."""
        self._order(_Order.RECEIVE, struct.pack("<I", len(data)) + data)

    def _order(self, order: _Order, content: bytes) -> None:
        self._emulator.send(struct.pack("<I", order) + content)
        while (call := _Call(self._number())) is not _Call.RETURNED:
            self._serve(call)

    def _serve(self, call: _Call) -> None:
        board = self._board
        match call:
            case _Call.WRITE:
                board.write(self._bytes())
            case _Call.DRAIN:
                board.drain()
            case _Call.MICROS:
                self._emulator.send(struct.pack("<Q", board.micros()))
            case _Call.MARKER:
                board.marker(bool(self._number()))
            case _Call.TIMESTAMP:
                self._emulator.send(struct.pack("<Q", board.timestamp()))
            case _Call.WAIT:
                board.wait(self._number() * 1e-6)
            case _Call.LOAD:
                name, technique, model = self._bytes(), self._bytes(), self._bytes()
                self._answer(lambda: self._load(name, technique, model))
            case _Call.INVOKE:
                content, times = self._bytes(), self._number()
                self._answer(lambda: board.invoke(content, times))
            case _Call.PROFILE:
                self._answer(self._profile)

    def _profile(self) -> bytes:
        self._board.profile()
        return b""

    def _load(self, name: bytes, technique: bytes, model: bytes) -> bytes:
        texts = name.decode(errors="replace"), technique.decode(errors="replace")
        found = self._board.load(*texts, model, self._partition.find(model))
        counts = found.arena_used, found.arena_size, len(found.operators)
        operators = (_text(what) + struct.pack("<d", time * 1e6) for what, time in found.operators)
        tensors = _described(found.input) + _described(found.output)
        return tensors + struct.pack("<3I", *counts) + b"".join(operators)

    def _answer(self, call: Callable[[], bytes]) -> None:
        try:
            self._emulator.send(struct.pack("<I", 0) + call())
        except DeviceError as error:
            self._emulator.send(struct.pack("<I", 1) + _text(str(error)))

    def _number(self) -> int:
        return int.from_bytes(self._emulator.receive(4), "little")

    def _bytes(self) -> bytes:
        return self._emulator.receive(self._number())


def _text(text: str) -> bytes:
    return text.encode("ascii", "replace")[: _TEXT - 1].ljust(_TEXT, b"\0")


def _described(tensor: Tensor) -> bytes:
    quantisation = tensor.quantisation
    scale = 0.0 if quantisation is None else quantisation.scale[0]
    zero_point = 0 if quantisation is None else quantisation.zero_point[0]
    kind = ELEMENT_TYPES.get(tensor.dtype, 0)
    return struct.pack("<3Ifi", kind, prod(tensor.shape), tensor.nbytes, scale, zero_point)
