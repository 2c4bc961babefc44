"""A board for the core alone, whose model gives back what it is given."""

import re
import zlib
from dataclasses import dataclass, field

from bench.device.images import ModelImage, encode_model
from bench.errors import DeviceError
from bench.twin.core.core import Core, Loaded, Sensor
from models.graph import Tensor

READY = "m-ready"
NAME = "echo"


def tensor(dtype: str, *shape: int) -> Tensor:
    return Tensor(0, "tensor", shape, dtype, None, None, False, None)


class NoSensor:
    """A bus with something else at its end, whose registers read zero."""

    def write(self, register: int, value: int) -> None:
        pass

    def read(self, register: int, size: int) -> bytes:
        return bytes(size)

    def sleep(self, longest: int) -> None:
        pass


@dataclass
class EchoBoard:
    """Keeps the order of its calls; an inference takes `latency` us, and time else stands still.

    Attributes:
        input: The model's input tensor.
        output: Its output tensor, the first bytes of the input.
        refuses: Calls that are refused, by name, and how often they succeed before.
        ends: The call during which the board loses its power, or None.
        loaded: Name, technique, content and offset of the model that was loaded.
    """

    input: Tensor
    output: Tensor
    latency: int = 1500
    refuses: dict[str, int] = field(default_factory=dict)
    ends: int | None = None
    calls: list[str] = field(default_factory=list)
    said: bytearray = field(default_factory=bytearray)
    loaded: tuple[str, str, bytes, int] | None = None
    now: int = 0
    sensor: Sensor = field(default_factory=NoSensor)

    def interrupted(self) -> bool:
        return False

    def write(self, text: bytes) -> None:
        self._call("write")
        self.said += text

    def drain(self) -> None:
        self._call("drain")

    def micros(self) -> int:
        return self.now

    def marker(self, level: bool) -> None:
        self._call("rise" if level else "fall")

    def timestamp(self) -> int:
        self._call("timestamp")
        return self.now

    def wait(self, seconds: float) -> None:
        self._call("wait")
        self.now += round(seconds * 1e6)

    def load(self, name: str, technique: str, model: bytes, offset: int) -> Loaded:
        self._call("load")
        self.loaded = name, technique, model, offset
        return Loaded(self.input, self.output, 1000, 2000, [("ECHO", 12.34e-6)])

    def invoke(self, content: bytes, times: int) -> bytes:
        self._call(f"invoke {times}")
        self.now += times * self.latency
        return content[: self.output.nbytes]

    def profile(self) -> None:
        self._call("profile")

    def _call(self, name: str) -> None:
        if len(self.calls) == self.ends:
            raise PowerLostError
        assert self.ends is None or len(self.calls) < self.ends, "called after its end"
        self.calls.append(name)
        kind = name.split()[0]
        if kind in self.refuses:
            self.refuses[kind] -= 1
            if self.refuses[kind] < 0:
                raise DeviceError(f"{kind} refused")


class PowerLostError(Exception):
    """The board lost its power during a call."""


class Device:
    """A core that has booted on a board; speaks text."""

    def __init__(self, board: EchoBoard, partition: bytes | ModelImage) -> None:
        content = partition if isinstance(partition, bytes) else encode_model(partition)
        self.board = board
        self.core = Core(board, NAME, "1.0", 160_000_000, content)
        self.core.boot()
        self.boot = self.take()

    def take(self) -> list[str]:
        """The lines that were said since."""
        lines = self.board.said.decode("ascii").split("\r\n")
        self.board.said.clear()
        assert lines.pop() == ""
        return lines

    def ask(self, command: str | bytes) -> list[str]:
        """The answer to a command, without its last ``m-ready``."""
        data = command if isinstance(command, bytes) else command.encode()
        self.core.receive(data + b"%")
        *lines, last = self.take()
        assert last == READY
        return lines

    def load(self, data: bytes) -> list[str]:
        """Load an input by bytes."""
        self.ask(f"db load {len(data)}")
        return self.ask(bin_command(data))

    def infer(self, data: bytes) -> list[float]:
        """What the device says of the output for an input."""
        assert self.load(data) == ["m-load-done"]
        line = self.ask("infer 1 0")[-1]
        texts = line.removeprefix("m-results-[").removesuffix("]").split(",")
        return [float(text) for text in texts]


def bin_command(data: bytes) -> bytes:
    """The command that loads `data`."""
    escaped = re.sub(b"[%}]", lambda found: b"}" + bytes([found[0][0] ^ 0x20]), data)
    return f"bin {zlib.crc32(data):08x} ".encode() + escaped


def echo(dtype: str = "float32", *shape: int) -> Device:
    """A device whose model has one tensor type, and takes it as it is."""
    echoed = tensor(dtype, *(shape or (4,)))
    return Device(EchoBoard(echoed, echoed), ModelImage(NAME, "L", b"model"))
