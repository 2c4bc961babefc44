"""What stands in the lines of an answer of the device's console."""

import re
from collections.abc import Sequence

from bench.device.errors import ConsoleGarbageError


def find(lines: Sequence[str], pattern: str) -> str:
    """What the first group of `pattern` matches in the first line that it matches as a whole.

    Raises:
        ConsoleGarbageError: There is no such line.
    """
    for line in lines:
        if match := re.fullmatch(pattern, line):
            return match[1]
    raise ConsoleGarbageError(f"device: answer {lines} has no line like {pattern}")


def numbers(text: str) -> tuple[float, ...]:
    """Numbers with commas between them.

    Raises:
        ConsoleGarbageError: It is something else.
    """
    try:
        return tuple(float(value) for value in text.split(","))
    except ValueError as error:
        raise ConsoleGarbageError(
            f"device: {text[:60]!r}, wanted numbers: check the serial line and its ground"
        ) from error
