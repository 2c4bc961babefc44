"""SCPI as an instrument hears it: program messages, headers in both forms, the error queue.

After IEEE 488.2 and SCPI-99: units of a message are separated by ``;``, a header that begins with
neither ``:`` nor ``*`` continues at the level of the one before, keywords are spelt out or in
their short form (the capitals of the pattern), and what cannot be done goes to the error queue.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

QUEUE_LENGTH = 16
"""Entries of the error queue; the last becomes -350 when more would come."""
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(E[-+]?\d+)?", re.IGNORECASE)


class ScpiError(Exception):
    """An entry for the error queue; codes and texts are those of SCPI-99, volume 2, chapter 21."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code}, {text}")
        self.code = code
        self.text = text


UNDEFINED_HEADER = (-113, "Undefined header")
DATA_TYPE = (-104, "Data type error")
PARAMETER_NOT_ALLOWED = (-108, "Parameter not allowed")
MISSING_PARAMETER = (-109, "Missing parameter")
EXECUTION = (-200, "Execution error")
SETTINGS_CONFLICT = (-221, "Settings conflict")
OUT_OF_RANGE = (-222, "Data out of range")
ILLEGAL_VALUE = (-224, "Illegal parameter value")
HARDWARE = (-240, "Hardware error")
QUEUE_OVERFLOW = (-350, "Queue overflow")
INPUT_OVERRUN = (-363, "Input buffer overrun")

T = TypeVar("T")
Handler: TypeAlias = Callable[[str, str], str | None]
"""Called with the channel (empty if the header has none) and the parameter (empty if none)."""


@dataclass(frozen=True)
class Command:
    """A header such as ``SOURce:#:CURRent[:LIMit]``: ``#`` is a channel, brackets are optional."""

    pattern: re.Pattern[str]
    handler: Handler

    @classmethod
    def of(cls, header: str, handler: Handler) -> "Command":
        """The command of a header; one that ends in ``?`` is a query."""
        return cls(_compiled(header), handler)


def _compiled(header: str) -> re.Pattern[str]:
    def keyword(match: re.Match[str]) -> str:
        short, rest = match[1], match[2]
        return f"{short}(?:{rest.upper()})?" if rest else short

    text = re.sub(r"([A-Z]+)([a-z]*)", keyword, header.replace("*", r"\*").replace("?", r"\?"))
    text = text.replace("[", "(?:").replace("]", ")?").replace("#", "(?P<channel>[AB])")
    return re.compile(text, re.IGNORECASE)


class Interpreter:
    """Carries out program messages by a table of commands."""

    def __init__(self, commands: Iterable[Command]) -> None:
        self._commands = tuple(commands)
        self._errors: deque[ScpiError] = deque()
        self.event_status = 0x80
        """Standard event status register; bit 7, power on, is set at first."""

    def carry_out(self, message: str) -> str | None:
        """The reply to a message without its end: those of its queries, or None."""
        replies, path = [], ""
        for unit in _units(message):
            header, *rest = unit.split(None, 1)
            full = header if header.startswith((":", "*")) else path + header
            full = full.removeprefix(":")
            try:
                reply = self._one(full, "".join(rest))
            except ScpiError as error:
                self.report(error)
                continue
            finally:
                path = path if full.startswith("*") else full.rpartition(":")[0] + ":"
            if reply is not None:
                replies.append(reply)
        return ";".join(replies) if replies else None

    def report(self, error: ScpiError) -> None:
        """Put an error into the queue and into the event status."""
        self.event_status |= {1: 0x20, 2: 0x10, 3: 0x08}.get(-error.code // 100, 0x04)
        if len(self._errors) < QUEUE_LENGTH:
            self._errors.append(error)
        else:
            self._errors[-1] = ScpiError(*QUEUE_OVERFLOW)

    def next_error(self) -> ScpiError | None:
        """Take the oldest error from the queue."""
        return self._errors.popleft() if self._errors else None

    @property
    def has_errors(self) -> bool:
        """Whether the queue holds something."""
        return bool(self._errors)

    def clear(self) -> None:
        """Empty the queue and the event status."""
        self._errors.clear()
        self.event_status = 0

    def _one(self, header: str, parameter: str) -> str | None:
        for command in self._commands:
            match = command.pattern.fullmatch(header)
            if match:
                channel = match.groupdict().get("channel") or ""
                return command.handler(channel.upper(), parameter)
        raise ScpiError(*UNDEFINED_HEADER)


def _units(message: str) -> Iterable[str]:
    return filter(None, (unit.strip() for unit in re.split(r";", message)))


def number(parameter: str, low: float, high: float) -> float:
    """A decimal number within limits, both included."""
    if not parameter:
        raise ScpiError(*MISSING_PARAMETER)
    if not _NUMBER.fullmatch(parameter):
        raise ScpiError(*DATA_TYPE)
    value = float(parameter)
    if not low <= value <= high:
        raise ScpiError(*OUT_OF_RANGE)
    return value


def switch(parameter: str) -> bool:
    """A boolean: ON, OFF, 1 or 0."""
    return word(parameter, {"ON": True, "1": True, "OFF": False, "0": False})


def word(parameter: str, words: Mapping[str, T]) -> T:
    """What a keyword stands for; keys such as ``MEDium`` have a short and a long form."""
    if not parameter:
        raise ScpiError(*MISSING_PARAMETER)
    for key, value in words.items():
        short = re.sub(r"[a-z]", "", key)
        if parameter.upper() in (short, key.upper()):
            return value
    raise ScpiError(*ILLEGAL_VALUE)


def nothing(parameter: str) -> None:
    """Refuse a parameter."""
    if parameter:
        raise ScpiError(*PARAMETER_NOT_ALLOWED)
