"""One core of the firmware, on a board that is given in Python.

The core is C++ without exceptions. What a call-back raises is kept, every further call-back of that
core does nothing, the core is told that its boot is over and returns, and then it is raised again.
"""

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Protocol

from bench.errors import DeviceError
from bench.twin.core.interface import (
    ELEMENT_TYPES,
    MESSAGE_SIZE,
    CBoard,
    CHost,
    CModel,
    COperator,
    CTensor,
    library,
)
from models.graph import Tensor


@dataclass(frozen=True)
class Loaded:
    """A model that a board has loaded: arena in bytes, operators with their time in s."""

    input: Tensor
    output: Tensor
    arena_used: int
    arena_size: int
    operators: Sequence[tuple[str, float]]


class Sensor(Protocol):
    """The sensor at the end of its bus, and the line from its interrupt."""

    def write(self, register: int, value: int) -> None:
        """Write one of its registers."""

    def read(self, register: int, size: int) -> bytes:
        """Read so many bytes from a register on."""

    def sleep(self, longest: int) -> None:
        """Light sleep until its interrupt, at most `longest` us."""


class Board(Protocol):
    """What a core runs on. A `DeviceError` of the last three is said on the console."""

    @property
    def sensor(self) -> Sensor:
        """Where live samples come from."""

    def interrupted(self) -> bool:
        """Whether bytes have come on the console while a command runs; they are discarded."""

    def write(self, text: bytes) -> None:
        """Send bytes by the UART."""

    def drain(self) -> None:
        """Return once the last of them has left."""

    def micros(self) -> int:
        """Microseconds since the start."""

    def marker(self, level: bool) -> None:
        """Set the marker pin."""

    def timestamp(self) -> int:
        """A falling edge on the timestamp pin; microseconds since the start."""

    def wait(self, seconds: float) -> None:
        """Let time pass, idle, in s."""

    def load(self, name: str, technique: str, model: bytes, offset: int) -> Loaded:
        """Load the model that lies at an offset in bytes of the model partition."""

    def invoke(self, content: bytes, times: int) -> bytes:
        """Run inferences on an input tensor's bytes; the output tensor's bytes."""

    def profile(self) -> None:
        """Run one inference in which the operators are timed."""


class Core:
    """One boot of the application on a board. Used by one thread at a time; `stop` ends it.

    Args:
        board: What it runs on.
        name: Of the application's description, as is `version`.
        version: See `name`.
        clock_hz: Clock of the CPU in Hz.
        partition: The model partition as it is mapped; empty where there is none.
    """

    def __init__(
        self, board: Board, name: str, version: str, clock_hz: int, partition: bytes
    ) -> None:
        self._core: int | None = None
        self._board, self._partition = board, ctypes.c_char_p(partition)
        self._operators: Any = None
        self._raised: BaseException | None = None
        self._inside = self._stopped = False
        self._library = library()
        self._host = self._callbacks()  # as long as the core: it calls what stands in here
        description = CBoard(
            name.encode(), version.encode(), clock_hz, self._partition, len(partition)
        )
        self._core = self._library.har_core_new(ctypes.byref(self._host), ctypes.byref(description))

    def __del__(self) -> None:
        if self._core is not None:
            self.stop()

    def boot(self) -> None:
        """Load the model and announce the console; raises what a call-back raised."""
        self._enter(self._library.har_core_boot)

    def receive(self, data: bytes) -> None:
        """Bytes from the UART, cut anywhere; raises what a call-back raised."""
        self._enter(self._library.har_core_receive, data, len(data))

    def stop(self) -> None:
        """Free the core, now or when it has returned from the call that it is in."""
        self._stopped = True
        if not self._inside and self._core is not None:
            core, self._core = self._core, None
            self._library.har_core_delete(core)

    def _enter(self, function: Callable[..., None], *arguments: object) -> None:
        if self._core is None:
            return
        self._inside = True
        try:
            function(self._core, *arguments)
        finally:
            self._inside = False
            if self._stopped:
                self.stop()
        if self._raised is not None:
            raise self._raised

    def _callbacks(self) -> CHost:
        board = self._board
        calls: dict[str, tuple[Callable[..., Any], Any]] = {
            "write": (lambda text, size: board.write(ctypes.string_at(text, size)), None),
            "drain": (board.drain, None),
            "micros": (board.micros, 0),
            "marker": (lambda level: board.marker(bool(level)), None),
            "timestamp": (board.timestamp, 0),
            "wait": (lambda micros: board.wait(micros * 1e-6), None),
            "running": (lambda: int(not self._stopped), 0),
            "interrupted": (lambda: int(board.interrupted()), 0),
            "sensor_write": (self._sensor_write, 0),
            "sensor_read": (self._sensor_read, 0),
            "sleep": (board.sensor.sleep, None),
            "load": (self._load, 0),
            "invoke": (self._invoke, 0),
            "profile": (lambda message: _said(message, board.profile), 0),
        }
        kinds = dict(CHost._fields_)
        host = CHost()
        for name, (call, instead) in calls.items():
            setattr(host, name, kinds[name](self._guarded(call, instead)))
        return host

    def _guarded(self, call: Callable[..., Any], instead: Any) -> Callable[..., Any]:
        def guarded(_context: object, *arguments: Any) -> Any:
            if self._raised is not None:
                return instead
            try:
                return call(*arguments)
            except BaseException as error:
                self._raised = error
                return instead

        return guarded

    def _load(
        self, name: bytes, technique: bytes, model: int, size: int, loaded: Any, message: int
    ) -> int:
        def load() -> None:
            offset = model - (ctypes.cast(self._partition, ctypes.c_void_p).value or 0)
            text = name.decode(errors="replace"), technique.decode(errors="replace")
            found = self._board.load(*text, ctypes.string_at(model, size), offset)
            rows = [COperator(what.encode(), seconds * 1e6) for what, seconds in found.operators]
            self._operators = (COperator * len(rows))(*rows)
            loaded[0] = CModel(
                _described(found.input),
                _described(found.output),
                found.arena_used,
                found.arena_size,
                len(rows),
                self._operators,
            )

        return _said(message, load)

    def _sensor_write(self, register: int, value: int) -> int:
        self._board.sensor.write(register, value)
        return 1

    def _sensor_read(self, register: int, data: int, size: int) -> int:
        ctypes.memmove(data, self._board.sensor.read(register, size), size)
        return 1

    def _invoke(self, content: int, size: int, times: int, output: int, message: int) -> int:
        def invoke() -> None:
            found = self._board.invoke(ctypes.string_at(content, size), times)
            ctypes.memmove(output, found, len(found))

        return _said(message, invoke)


def _said(message: int, call: Callable[[], None]) -> int:
    """Do what may be refused; the refusal's words go to `message`."""
    try:
        call()
    except DeviceError as error:
        text = str(error).encode("ascii", "replace")[: MESSAGE_SIZE - 1] + b"\0"
        ctypes.memmove(message, text, len(text))
        return 1
    return 0


def _described(tensor: Tensor) -> CTensor:
    quantisation = tensor.quantisation
    return CTensor(
        ELEMENT_TYPES.get(tensor.dtype, 0),
        0 if quantisation is None else quantisation.zero_point[0],
        0.0 if quantisation is None else quantisation.scale[0],
        prod(tensor.shape),
        tensor.nbytes,
    )
