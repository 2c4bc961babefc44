"""The firmware's core as ESP32 machine code, with the face that it has here."""

import struct
from collections.abc import Callable
from enum import IntEnum
from functools import partial
from math import prod

from bench.device.images import MODEL_OFFSET
from bench.errors import DeviceError
from bench.twin.core.core import Board
from bench.twin.core.interface import ELEMENT_TYPES
from models.graph import Tensor
from tests.firmware.xtensa import Emulator

_TEXT = 256
"""Bytes of a text between host and program, the final zero included."""


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
    INTERRUPTED = 11
    SENSOR_WRITE = 12
    SENSOR_READ = 13
    SLEEP = 14


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
        while (call := _Call(self._emulator.number())) is not _Call.RETURNED:
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
                said = self._emulator.sized()
                return _done(partial(board.write, said)), b""
            case _Call.DRAIN:
                return _done(board.drain), b""
            case _Call.MICROS:
                return lambda: struct.pack("<Q", board.micros()), bytes(8)
            case _Call.MARKER:
                level = bool(self._emulator.number())
                return _done(partial(board.marker, level)), b""
            case _Call.TIMESTAMP:
                return lambda: struct.pack("<Q", board.timestamp()), bytes(8)
            case _Call.WAIT:
                micros = self._emulator.number()
                return _done(partial(board.wait, micros * 1e-6)), b""
            case _Call.LOAD:
                name, technique, model = (
                    self._emulator.sized(),
                    self._emulator.sized(),
                    self._emulator.sized(),
                )
                return _answer(partial(self._load, name, technique, model)), _refusal("")
            case _Call.INVOKE:
                content, times = self._emulator.sized(), self._emulator.number()
                return _answer(partial(board.invoke, content, times)), _refusal("")
            case _Call.PROFILE:
                return _answer(_done(board.profile)), _refusal("")
            case _Call.RUNNING:
                return lambda: struct.pack("<I", not self._stopped), bytes(4)
            case _Call.INTERRUPTED:
                return lambda: struct.pack("<I", board.interrupted()), bytes(4)
            case _Call.SENSOR_WRITE:
                register, value = self._emulator.number(), self._emulator.number()
                return _acknowledged(partial(board.sensor.write, register, value)), bytes(4)
            case _Call.SENSOR_READ:
                register, size = self._emulator.number(), self._emulator.number()
                return _acknowledged(partial(board.sensor.read, register, size)), bytes(4)
            case _Call.SLEEP:
                return _done(partial(board.sensor.sleep, self._emulator.number())), b""
        raise AssertionError(f"{call.name} is no call of a board")

    def _load(self, name: bytes, technique: bytes, model: bytes) -> bytes:
        texts = name.decode(errors="replace"), technique.decode(errors="replace")
        found = self._board.load(*texts, model, MODEL_OFFSET)
        counts = found.arena_used, found.arena_size, len(found.operators)
        operators = (_text(what) + struct.pack("<d", time * 1e6) for what, time in found.operators)
        tensors = _described(found.input) + _described(found.output)
        return tensors + struct.pack("<3I", *counts) + b"".join(operators)


def _done(call: Callable[[], None]) -> Callable[[], bytes]:
    """Do it and answer nothing."""

    def serve() -> bytes:
        call()
        return b""

    return serve


def _acknowledged(call: Callable[[], bytes | None]) -> Callable[[], bytes]:
    """A transfer on the sensor's bus: that it was acknowledged, and what was read."""
    return lambda: struct.pack("<I", 1) + (call() or b"")


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
