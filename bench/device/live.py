"""Live mode: the device samples its sensor and classifies each window, and says so by the way."""

import re
from dataclasses import dataclass

from bench.device.answers import find, numbers
from bench.device.console import DeviceConsole
from bench.device.errors import ConsoleGarbageError

WINDOW_SECONDS = 128 / 50.0
_WINDOW = re.compile(r"m-live-window-(\d+)-class-(\d+)(?:-\[(.*)\])?")


@dataclass(frozen=True)
class LiveWindow:
    """A window that the device has classified: the class, and the outputs if asked for."""

    predicted: int
    outputs: tuple[float, ...]


@dataclass(frozen=True)
class LiveSession:
    """What the device says of a stretch of live operation.

    Attributes:
        idle: What it does between two samples, in words.
        windows: In order.
        samples: Taken from the sensor.
        gaps: Where samples did not follow each other, and the window was begun afresh.
        lost: Samples that the sensor's memory dropped because nobody fetched them.
    """

    idle: str
    windows: tuple[LiveWindow, ...]
    samples: int
    gaps: int
    lost: int


def run_live(console: DeviceConsole, windows: int, timeout: float, *, outputs: bool) -> LiveSession:
    """Let the device operate live until it has classified so many windows.

    Args:
        console: Of a device that holds a model.
        windows: How many.
        timeout: Longest wait in s beyond twice the windows' length.
        outputs: Whether it says the outputs, too; else it is sooner asleep again.

    Raises:
        CommandRefusedError: It has no live mode, no sensor, or a model that takes something else.
        DeviceSilentError: It did not come to an end in time.
        ConsoleGarbageError: It said something else.
    """
    command = f"live {windows}{' outputs' if outputs else ''}"
    lines = console.command(command, timeout + 2.0 * WINDOW_SECONDS * windows)
    said = [_window(match) for match in map(_WINDOW.fullmatch, lines) if match]
    if [index for index, _ in said] != list(range(1, windows + 1)):
        raise ConsoleGarbageError(
            f"device: windows {[index for index, _ in said]} of live, wanted 1 to {windows}"
        )
    return LiveSession(
        idle=find(lines, r"m-live-idle-\[(.*)\]"),
        windows=tuple(window for _, window in said),
        samples=int(find(lines, r"m-live-samples-(\d+)")),
        gaps=int(find(lines, r"m-live-gaps-(\d+)")),
        lost=int(find(lines, r"m-live-lost-(\d+)")),
    )


def _window(match: re.Match[str]) -> tuple[int, LiveWindow]:
    outputs = numbers(match[3]) if match[3] else ()
    return int(match[1]), LiveWindow(int(match[2]), outputs)
