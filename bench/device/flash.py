"""Flashing: esptool as a program, its output followed line by line.

esptool's licence (GPL-2.0-or-later) asks for a program, not an import. It identifies the chip,
skips what the flash already holds, writes the rest and verifies it.
"""

import logging
import os
import queue
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.device.errors import PortError
from bench.errors import DeviceError

log = logging.getLogger(__name__)

_PROGRESS = re.compile(r"\d+\.\d%")
_MAC = re.compile(r"MAC:\s*((?:[0-9a-f]{2}:){5}[0-9a-f]{2})", re.IGNORECASE)
_CHIP = re.compile(r"(?:Chip type|Chip is)[:\s]+(\S+)")
_WRITE_OPTIONS = ("--skip-flashed", "--flash-size", "detect")
_CONNECT_ATTEMPTS = 3
"""Of one run; the bench itself tries again after a power cycle."""
_FATAL = "A fatal error occurred: "
_PULSE = 0.25
"""s of silence after which `Flasher.meanwhile` is called; it is, too, with each line."""
_Program = subprocess.Popen[str]


class FlashError(DeviceError):
    """esptool did not finish; the message ends with what it said."""


class WrongDeviceError(DeviceError):
    """The device is not the one that the station file names."""


_KNOWN_FAILURES = (
    (
        "does not match",
        FlashError,
        "the flash does not hold what was written",
        "write it again; if that fails too, the flash is worn: replace the module",
    ),
    (
        "This chip is",
        WrongDeviceError,
        "another chip than the station file names",
        "connect the right board or correct [device] chip",
    ),
    (
        "Failed to connect",
        FlashError,
        "the chip does not answer in its loader",
        "check power, RX, TX, EN and IO0",
    ),
    (
        "Could not open",
        PortError,
        "the port cannot be opened",
        "check the cable, [device] port, and that no other program has it open",
    ),
    (
        "will not fit",
        FlashError,
        "the flash ends before the file does",
        "use a smaller model or a module with more flash",
    ),
)
"""What esptool's message has in it, the error that it is, what happened, and what to do."""


@dataclass(frozen=True)
class Flashed:
    """What esptool reported: the chip's MAC address and type, and the bytes really written."""

    mac: str
    chip: str
    written: bool


@dataclass(frozen=True)
class Flasher:
    """esptool with a station's settings.

    Attributes:
        port: Port as esptool takes it.
        baud: Rate in bit/s while flashing.
        chip: Chip as esptool names it, such as ``esp32``.
        expected_mac: The device's MAC address, or None to accept any.
        timeout: Longest time in s for one run.
        environment: Added to the program's environment.
        meanwhile: Called again and again while the program runs, for whoever must look after
            something else; what it raises ends the program.
    """

    port: str
    baud: int
    chip: str
    expected_mac: str | None
    timeout: float
    environment: Mapping[str, str]
    meanwhile: Callable[[], None] = lambda: None

    def identify(self, *, stay: bool = False) -> Flashed:
        """Read the chip's type and MAC address; leaves the application running.

        Args:
            stay: Leave the chip waiting in its loader instead.

        Raises:
            PortError: There is no such port, or somebody else has it open.
            WrongDeviceError: Chip or MAC address are not the expected ones.
            FlashError: Anything else with which esptool failed, or it took too long.
        """
        return self._checked(self._run(["read-mac"], ["--after", "no-reset"] if stay else []))

    def write(self, parts: Mapping[int, bytes]) -> Flashed:
        """Write each part at its offset, unless the flash already holds it, and verify it.

        Raises:
            DeviceError: As `identify`, which tells before anything is written.
        """
        with tempfile.TemporaryDirectory(prefix="har-flash-") as folder:
            arguments: list[str] = []
            for offset, data in sorted(parts.items()):
                path = Path(folder, f"{offset:x}.bin")
                path.write_bytes(data)
                arguments += [f"{offset:#x}", str(path)]
            output = self._run(["write-flash", *_WRITE_OPTIONS, *arguments])
        return self._checked(output)

    def _run(self, command: list[str], options: Sequence[str] = ()) -> str:
        program = [sys.executable, "-m", "esptool", "--chip", self.chip, "--port", self.port]
        program += ["--baud", str(self.baud), "--connect-attempts", str(_CONNECT_ATTEMPTS)]
        program += options
        lines: list[str] = []
        begin = time.monotonic()
        expired = threading.Event()
        with _running([*program, *command], {**os.environ, **self.environment}) as process:
            watchdog = threading.Timer(self.timeout, _expire, (process, expired))
            watchdog.start()
            try:
                for line in _lines_of(process, self.meanwhile):
                    lines.append(line)
                    _tell(line)
                process.wait()
            finally:
                watchdog.cancel()
        log.debug("esptool %s: %.3f s", command[0], time.monotonic() - begin)
        if process.returncode != 0:
            raise self._failure(command[0], lines, process.returncode, expired.is_set())
        return "\n".join(lines)

    def _failure(self, command: str, lines: list[str], code: int, expired: bool) -> DeviceError:
        said = _last_words(lines)
        run = f"esptool {command} on {self.port}"
        if expired:
            return FlashError(
                f"{run}: not done within {self.timeout:g} s: raise [timeouts] flash, or check the "
                f"wiring (it said: {said})"
            )
        for text, kind, what, advice in _KNOWN_FAILURES:
            if text in said:
                return kind(f"{run}: {what}: {advice} (it said: {said})")
        return FlashError(f"{run}: exit code {code}: check power and wiring (it said: {said})")

    def _checked(self, output: str) -> Flashed:
        mac, chip = _MAC.search(output), _CHIP.search(output)
        if mac is None or chip is None:
            raise FlashError(
                f"esptool on {self.port}: no MAC address and chip type in its output: use the "
                f"release of esptool that the bench asks for (it said: {output[-400:]})"
            )
        seen = mac[1].lower()
        if self.expected_mac is not None and seen != self.expected_mac.lower():
            raise WrongDeviceError(
                f"device on {self.port} has MAC {seen}, the station file expects "
                f"{self.expected_mac.lower()}: connect the right board or correct [device] mac"
            )
        return Flashed(seen, chip[1], written="Wrote" in output)


@contextmanager
def _running(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[_Program]:
    """A program that does not outlast the context, however that is left: nobody waits for it."""
    process: _Program | None = None
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**environment, "NO_COLOR": "1"},
        )
        yield process
    finally:
        if process is not None:
            process.kill()
            process.wait()


def _lines_of(process: _Program, meanwhile: Callable[[], None]) -> Iterator[str]:
    """What a program says, until it says no more; `meanwhile` is called in between."""
    said: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(process, said), daemon=True).start()
    while True:
        try:
            line = said.get(timeout=_PULSE)
        except queue.Empty:
            meanwhile()
            continue
        if line is None:
            return
        meanwhile()
        yield line


def _listen(process: _Program, said: "queue.SimpleQueue[str | None]") -> None:
    assert process.stdout is not None
    with process.stdout as lines:
        for line in lines:
            said.put(line.rstrip())
    said.put(None)


def _expire(process: _Program, expired: threading.Event) -> None:
    expired.set()
    process.kill()


def _tell(line: str) -> None:
    log.debug(line)
    if progress := _PROGRESS.search(line):
        log.info("flashing: %s", progress[0])


def _last_words(lines: list[str]) -> str:
    """Why esptool gave up and the line after it; or its last lines, if it did not say."""
    spoken = [line for line in lines if line]
    for index, line in enumerate(spoken):
        if _FATAL in line:
            return " ".join([line.partition(_FATAL)[2], *spoken[index + 1 : index + 2]])
    return " / ".join(spoken[-3:]) or "nothing"
