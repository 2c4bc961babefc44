"""Flashing: esptool as a program, its output followed line by line.

esptool's licence (GPL-2.0-or-later) asks for a program, not an import. It identifies the chip,
skips what the flash already holds, writes the rest and verifies it.
"""

import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.errors import DeviceError

_MAC = re.compile(r"MAC:\s*((?:[0-9a-f]{2}:){5}[0-9a-f]{2})", re.IGNORECASE)
_CHIP = re.compile(r"(?:Chip type|Chip is)[:\s]+(\S+)")
_WRITE_OPTIONS = ("--no-progress", "--skip-flashed", "--flash-size", "detect")
_KNOWN_FAILURES = (
    ("does not match", "the flash does not hold what was written", "replace the module"),
    ("This chip is", "another chip than the station file names", "correct [serial] chip"),
    ("Failed to connect", "the chip does not answer in its loader", "check power, EN and IO0"),
    ("No serial data received", "the chip is silent", "check power and wiring"),
    ("Could not open", "the port cannot be opened", "check [serial] port and other programs"),
    ("will not fit", "the file does not fit the flash", "use a smaller model"),
)


class FlashError(DeviceError):
    """esptool did not finish; the message ends with what it said."""


class WrongDeviceError(DeviceError):
    """The device is not the one that the station file names."""


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
        say: Takes each line of esptool's output.
    """

    port: str
    baud: int
    chip: str
    expected_mac: str | None
    timeout: float
    environment: Mapping[str, str]
    say: Callable[[str], None]

    def identify(self) -> Flashed:
        """Read the chip's type and MAC address; leaves the application running.

        Raises:
            FlashError: esptool failed or took too long.
            WrongDeviceError: The MAC address is not the expected one.
        """
        return self._checked(self._run(["read-mac"]))

    def write(self, parts: Mapping[int, bytes]) -> Flashed:
        """Write each part at its offset, unless the flash already holds it, and verify it.

        Raises:
            FlashError: esptool failed or took too long.
            WrongDeviceError: The MAC address is not the expected one; `identify` tells before.
        """
        with tempfile.TemporaryDirectory(prefix="har-flash-") as folder:
            arguments: list[str] = []
            for offset, data in sorted(parts.items()):
                path = Path(folder, f"{offset:x}.bin")
                path.write_bytes(data)
                arguments += [f"{offset:#x}", str(path)]
            output = self._run(["write-flash", *_WRITE_OPTIONS, *arguments])
        return self._checked(output)

    def _run(self, command: list[str]) -> str:
        program = [sys.executable, "-m", "esptool", "--chip", self.chip, "--port", self.port]
        program += ["--baud", str(self.baud), *command]
        lines: list[str] = []
        with subprocess.Popen(
            program,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, "NO_COLOR": "1", **self.environment},
        ) as process:
            watchdog = threading.Timer(self.timeout, process.kill)
            watchdog.start()
            try:
                assert process.stdout is not None
                for line in process.stdout:
                    lines.append(line.rstrip())
                    self.say(lines[-1])
                process.wait()
            except BaseException:
                process.kill()
                raise
            finally:
                timed_out = not watchdog.is_alive()
                watchdog.cancel()
        code = process.returncode
        if code != 0:
            raise FlashError(self._explain(command[0], lines, code, timed_out))
        return "\n".join(lines)

    def _explain(self, command: str, lines: list[str], code: int, timed_out: bool) -> str:
        said = "\n".join(line for line in lines[-6:] if line)
        if timed_out:
            return (
                f"esptool {command} on {self.port}: not done within {self.timeout:g} s: raise "
                f"[timeouts] flash in the station file, or check the wiring; it said:\n{said}"
            )
        for text, what, advice in _KNOWN_FAILURES:
            if text in said:
                return f"esptool {command} on {self.port}: {what}: {advice}; it said:\n{said}"
        return f"esptool {command} on {self.port}: exit code {code}; it said:\n{said}"

    def _checked(self, output: str) -> Flashed:
        mac, chip = _MAC.search(output), _CHIP.search(output)
        if mac is None or chip is None:
            raise FlashError(
                f"esptool on {self.port}: no MAC address and chip type in its output; it said:\n"
                + output[-400:]
            )
        seen = mac[1].lower()
        if self.expected_mac is not None and seen != self.expected_mac.lower():
            raise WrongDeviceError(
                f"device on {self.port} has MAC {seen}, the station file expects "
                f"{self.expected_mac.lower()}: connect the right board or correct [serial] mac"
            )
        return Flashed(seen, chip[1], written="Wrote" in output)
