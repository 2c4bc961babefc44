"""The firmware's kernels and core as ESP32 machine code, with the faces that they have here."""

import ctypes
import struct
from collections.abc import Callable
from enum import IntEnum
from functools import partial
from math import prod
from typing import cast

from bench.device.images import MODEL_OFFSET
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
    RUNNING = 10


class Esp32Core:
    """One boot of the application, run by ``core.cpp`` in an emulator; made and used as `Core`.

    The emulator holds the last four.
    """

    _made = 0

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
        self._raised: BaseException | None = None
        self._stopped = False
        self._slot = Esp32Core._made
        Esp32Core._made += 1

    def boot(self) -> None:
        """Load the model and announce the console; raises what a call of the board raised."""
        self._order(_Order.BOOT, self._description)

    def receive(self, data: bytes) -> None:
        """Bytes from the UART, cut anywhere; raises what a call of the board raised."""
        self._order(_Order.RECEIVE, struct.pack("<I", len(data)) + data)

    def stop(self) -> None:
        """End it, now or when it has returned from the call that it is in."""
        self._stopped = True

    def _order(self, order: _Order, content: bytes) -> None:
        if self._stopped:
            return
        self._emulator.send(struct.pack("<II", order, self._slot) + content)
        while (call := _Call(self._number())) is not _Call.RETURNED:
            serve, instead = self._served(call)
            self._emulator.send(self._guarded(serve, instead))
        if self._raised is not None:
            raise self._raised

    def _guarded(self, serve: Callable[[], bytes], instead: bytes) -> bytes:
        """The answer of the board, or another in its place once it has raised."""
        if self._raised is not None:
            return instead
        try:
            return serve()
        except BaseException as error:
            self._raised = error
            return instead

    def _served(self, call: _Call) -> tuple[Callable[[], bytes], bytes]:
        """What answers a call, whose arguments are read here, and what does instead."""
        board = self._board
        match call:
            case _Call.WRITE:
                said = self._bytes()
                return _done(partial(board.write, said)), b""
            case _Call.DRAIN:
                return _done(board.drain), b""
            case _Call.MICROS:
                return lambda: struct.pack("<Q", board.micros()), bytes(8)
            case _Call.MARKER:
                level = bool(self._number())
                return _done(partial(board.marker, level)), b""
            case _Call.TIMESTAMP:
                return lambda: struct.pack("<Q", board.timestamp()), bytes(8)
            case _Call.WAIT:
                micros = self._number()
                return _done(partial(board.wait, micros * 1e-6)), b""
            case _Call.LOAD:
                name, technique, model = self._bytes(), self._bytes(), self._bytes()
                return _answer(partial(self._load, name, technique, model)), _refusal("")
            case _Call.INVOKE:
                content, times = self._bytes(), self._number()
                return _answer(partial(board.invoke, content, times)), _refusal("")
            case _Call.PROFILE:
                return _answer(_done(board.profile)), _refusal("")
            case _Call.RUNNING:
                return lambda: struct.pack("<I", not self._stopped), bytes(4)
        raise AssertionError(f"{call.name} is no call of a board")

    def _load(self, name: bytes, technique: bytes, model: bytes) -> bytes:
        texts = name.decode(errors="replace"), technique.decode(errors="replace")
        found = self._board.load(*texts, model, MODEL_OFFSET)
        counts = found.arena_used, found.arena_size, len(found.operators)
        operators = (_text(what) + struct.pack("<d", time * 1e6) for what, time in found.operators)
        tensors = _described(found.input) + _described(found.output)
        return tensors + struct.pack("<3I", *counts) + b"".join(operators)

    def _number(self) -> int:
        return int.from_bytes(self._emulator.receive(4), "little")

    def _bytes(self) -> bytes:
        return self._emulator.receive(self._number())


def _done(call: Callable[[], None]) -> Callable[[], bytes]:
    """Do it and answer nothing."""

    def serve() -> bytes:
        call()
        return b""

    return serve


def _answer(call: Callable[[], bytes]) -> Callable[[], bytes]:
    """Answer what it gives, or why it was refused."""

    def serve() -> bytes:
        try:
            return struct.pack("<I", 0) + call()
        except DeviceError as error:
            return _refusal(str(error))

    return serve


def _refusal(why: str) -> bytes:
    return struct.pack("<I", 1) + _text(why)


def _text(text: str) -> bytes:
    return text.encode("ascii", "replace")[: _TEXT - 1].ljust(_TEXT, b"\0")


def _described(tensor: Tensor) -> bytes:
    quantisation = tensor.quantisation
    scale = 0.0 if quantisation is None else quantisation.scale[0]
    zero_point = 0 if quantisation is None else quantisation.zero_point[0]
    kind = ELEMENT_TYPES.get(tensor.dtype, 0)
    return struct.pack("<3Ifi", kind, prod(tensor.shape), tensor.nbytes, scale, zero_point)
