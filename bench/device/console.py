"""The device's console: a client of MLPerf Tiny's text protocol and of this project's additions.

A command ends with ``%``; the device answers with lines and closes each answer with ``m-ready``; an
``e-[text]`` among them is a refusal. Every wait has a limit. What cannot be understood is an error
that shows what was seen.
"""

import re
import zlib
from dataclasses import dataclass
from typing import Self

from bench.device.answers import find, numbers
from bench.device.errors import (
    BrownOutError,
    CommandRefusedError,
    ConsoleGarbageError,
    DeviceResetError,
    DeviceSilentError,
    DownloadModeError,
)
from bench.device.firmware import BUILD_AND_FLASH
from bench.device.line_port import LinePort

READY = "m-ready"
INIT_DONE = "m-init-done"
MAX_COMMAND = 4096
"""Bytes of a command without its ``%``."""
BIN_BYTES = (MAX_COMMAND - len("bin 00000000 ")) // 2
"""Bytes of input a command, which all of them may double by being escaped."""
_ESCAPE, _ESCAPED_BIT = b"}", 0x20
_ESCAPED = re.compile(b"[%}]")
_DOWNLOAD = "waiting for download"
"""What the ROM says when IO0 was low."""
_RESTART = re.compile(
    r"rst:0x[0-9a-f]+ \((?P<reset>\w+)\)|Guru Meditation Error.*\((?P<panic>\w+)\)"
    r"|(?P<brown_out>Brownout) detector"
)
"""What ROM and firmware print of a restart and its cause."""


@dataclass(frozen=True)
class ModelReport:
    """The model that the device says it holds; `size` in bytes, `crc` as zlib's CRC-32."""

    name: str
    technique: str
    size: int
    crc: int


@dataclass(frozen=True)
class Inference:
    """A measured run of `count` inferences.

    Attributes:
        count: Inferences between the two edges of the marker.
        seconds: Time between the two edges by the device's own timer, in s.
        outputs: The last inference's output, dequantised.
    """

    count: int
    seconds: float
    outputs: tuple[float, ...]

    @property
    def latency(self) -> float:
        """Time of one inference by the device's own timer, in s."""
        return self.seconds / self.count


class DeviceConsole:
    """The console on an open serial port.

    Args:
        port: Open port.
        timeout: Longest wait in s for the answer to a short command.
    """

    def __init__(self, port: LinePort, timeout: float) -> None:
        self._port, self._timeout = port, timeout

    @classmethod
    def open(cls, url: str, baud: int, timeout: float) -> Self:
        """Open the port at `url` (`LinePort.open`); a `PortError` where that cannot be done."""
        return cls(LinePort.open(url, baud, timeout), timeout)

    def close(self) -> None:
        """Close the port."""
        self._port.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def discard_input(self) -> None:
        """Forget what the device has said so far; before it is powered, for example.

        Raises:
            PortError: It was lost.
        """
        self._port.discard()

    def is_alive(self, seconds: float) -> bool:
        """Whether anything comes within so many s of asking for the firmware's name.

        Raises:
            PortError: It was lost.
        """
        self.discard_input()
        self._port.send(b"name", "name")
        deadline = self._port.within(seconds)
        try:
            line = self._port.line(deadline, strict=False)
        except ConsoleGarbageError:
            return True
        return line is not None or self._port.has_part_of_a_line

    def wait_until_booted(self, timeout: float) -> None:
        """Wait for ``m-init-done`` and the first ``m-ready``; a ROM's text before it is skipped.

        Raises:
            DeviceSilentError: Not in `timeout` s, showing the last that was seen.
            BrownOutError: The same, but its voltage fell too low meanwhile.
            DownloadModeError: The same, but its loader waits.
            ConsoleGarbageError: What came has no lines.
        """
        deadline = self._port.within(timeout)
        seen: list[str] = []
        while not seen or seen[-1] != READY or INIT_DONE not in seen:
            line = self._port.line(deadline, strict=False)
            if line is None:
                if any(_is_brown_out(text) for text in seen):
                    raise _restarted("boot", "brown-out")
                if _DOWNLOAD in seen:
                    raise DownloadModeError(
                        f"device: {_DOWNLOAD!r} after power, wanted {INIT_DONE}: something holds "
                        "IO0 low: see what is connected to it, and that no other program sets DTR"
                    )
                tail = " / ".join(seen[-3:]) or "nothing"
                raise DeviceSilentError(
                    f"device: no {INIT_DONE} and {READY} within {timeout:g} s of power (last seen: "
                    f"{tail}): {BUILD_AND_FLASH}; check baud rate and wiring"
                )
            seen.append(line)

    def command(self, command: str | bytes, timeout: float | None = None) -> list[str]:
        """Send a command and return the lines of its answer without the closing ``m-ready``.

        Args:
            command: The command without its ``%``.
            timeout: Longest wait in s; the console's own by default.

        Raises:
            CommandRefusedError: The device answered ``e-[..]``.
            DeviceResetError: It restarted instead; a `BrownOutError` if that is why.
            DeviceSilentError: The answer was not complete in time.
            ConsoleGarbageError: It was not text of the protocol.
        """
        limit = self._timeout if timeout is None else timeout
        data = command if isinstance(command, bytes) else command.encode("ascii")
        text = data[:40].decode("ascii", "backslashreplace")
        self._port.send(data, text)
        deadline = self._port.within(limit)
        lines: list[str] = []
        while (line := self._port.line(deadline, strict=True)) != READY:
            if line is None:
                raise DeviceSilentError(
                    f"device: no {READY} within {limit:g} s of {text!r} (seen: "
                    f"{' / '.join(lines[-3:]) or 'nothing'}): power cycle it, check the wiring"
                )
            lines.append(line)
            if restart := _RESTART.search(line):
                raise _restarted(text, str(restart[restart.lastgroup or 0]))
        for line in lines:
            if line.startswith("e-["):
                raise CommandRefusedError(f"device refused {text!r}: {line[3:].rstrip(']')}")
        return lines

    def name(self) -> str:
        """The firmware's name."""
        return self._value("name", r"m-name-dut-\[(.*)\]")

    def profile(self) -> str:
        """The firmware's description of itself."""
        return self._value("profile", r"m-profile-\[(.*)\]")

    def model(self) -> ModelReport:
        """The model in the device's model partition."""
        lines = self.command("model")
        return ModelReport(
            name=find(lines, r"m-model-name-\[(.*)\]"),
            technique=find(lines, r"m-model-technique-\[(.*)\]"),
            size=int(find(lines, r"m-model-bytes-(\d+)")),
            crc=int(find(lines, r"m-model-crc-([0-9a-f]{8})"), 16),
        )

    def arena(self) -> tuple[int, int]:
        """Bytes of the tensor arena that the model uses, and its size.

        Raises:
            ConsoleGarbageError: It uses none; `command` says what else may be raised.
        """
        lines = self.command("arena")
        used = int(find(lines, r"m-arena-used-(\d+)"))
        if not used:
            raise ConsoleGarbageError(
                f"device: 0 bytes of arena used, wanted some: {BUILD_AND_FLASH}"
            )
        return used, int(find(lines, r"m-arena-size-(\d+)"))

    def clock_hz(self) -> int:
        """The CPU's clock in Hz."""
        return int(self._value("clock", r"m-clock-hz-(\d+)"))

    def operator_times(self) -> list[tuple[str, float]]:
        """Name and time in s of each operator of one inference, in order."""
        pattern = re.compile(r"m-op-\[(.*)\]-us-(\d+\.?\d*)$")
        found = [pattern.match(line) for line in self.command("ops")]
        return [(match[1], float(match[2]) * 1e-6) for match in found if match]

    def load(self, data: bytes) -> None:
        """Load the input of the next inferences: the raw window, or the input tensor's bytes.

        It goes in ``bin`` commands, each with the CRC-32 of its bytes; `command` says what may be
        raised.
        """
        lines = self.command(f"db load {len(data)}")
        for at in range(0, len(data), BIN_BYTES):
            lines = self.command(_bin_command(data[at : at + BIN_BYTES]))
        if lines != ["m-load-done"]:
            raise ConsoleGarbageError(
                f"device: {lines} after {len(data)} bytes of input, wanted m-load-done"
            )

    def infer(self, count: int, warm_up: int, timeout: float) -> Inference:
        """Run `count` measured inferences after `warm_up` unmeasured ones, within `timeout` s.

        Raises:
            ConsoleGarbageError: The answer has no two times; `command` says what else may be
                raised.
        """
        lines = self.command(f"infer {count} {warm_up}", timeout)
        laps = [int(m[1]) for m in map(re.compile(r"m-lap-us-(\d+)$").match, lines) if m]
        if len(laps) != 2 or laps[1] <= laps[0]:
            raise ConsoleGarbageError(f"device: time stamps {laps} of infer, wanted two, ascending")
        return Inference(
            count, (laps[1] - laps[0]) * 1e-6, numbers(find(lines, r"m-results-\[(.*)\]"))
        )

    def _value(self, command: str, pattern: str) -> str:
        return find(self.command(command), pattern)


def _bin_command(data: bytes) -> bytes:
    """The command that loads `data`: a ``%`` in it would end the command, so it is escaped."""
    escaped = _ESCAPED.sub(lambda found: _ESCAPE + bytes([found[0][0] ^ _ESCAPED_BIT]), data)
    return f"bin {zlib.crc32(data):08x} ".encode("ascii") + escaped


def _is_brown_out(text: str) -> bool:
    return "BROWN" in text.upper()


def _restarted(command: str, cause: str) -> DeviceResetError:
    what = f"device restarted in {command[:40]!r} ({cause}), wanted its answer"
    if _is_brown_out(cause):
        return BrownOutError(
            f"{what}: its voltage fell too low: raise the supply's voltage, take a smaller shunt, "
            "or check the leads"
        )
    return DeviceResetError(f"{what}: a panic is the firmware's; else check the EN line and power")
