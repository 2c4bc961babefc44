"""Settings of an SCPI instrument as properties: one line each, with unit, range and resolution.

Replies are read tolerantly, because instruments differ in what their manuals leave open: signs,
exponents, units after numbers, ``ON`` or ``1``, a carriage return before the line feed.
"""

import re
from typing import Protocol, Self, overload

from bench.errors import SupplyError
from bench.instruments.supply import SettingNotAcceptedError, SupplyReplyError

_NUMBER = re.compile(
    r"\s*(?:[A-Z:]+\s+)?([-+]?(?:\d+\.?\d*|\.\d+)(?:E[-+]?\d+)?)\s*[A-Z]*\s*", re.IGNORECASE
)
_ERROR = re.compile(r'\s*([-+]?\d+)\s*[,;]?\s*"?(.*?)"?\s*', re.DOTALL)
_ADVICE = (
    ": it may be late, to an earlier query, or another instrument's: see that nobody else "
    "talks to it, and switch it off and on"
)
_NOT_A_NUMBER = 9.9e37
"""SCPI-99, volume 1, 7.2.1.4 and 7.2.1.5: 9.9E37 is infinity and 9.91E37 not a number."""


def parse_number(reply: str) -> float:
    """The number in a reply such as ``1.46E-01``, ``+3.3`` or ``3.300 V``.

    Raises:
        SupplyReplyError: There is none, or it is SCPI's infinity or not-a-number.
    """
    match = _NUMBER.fullmatch(reply)
    if match is None:
        raise SupplyReplyError(f"reply {reply!r} is no number{_ADVICE}")
    value = float(match[1])
    if abs(value) >= _NOT_A_NUMBER:
        raise SupplyReplyError(f"reply {reply!r} stands for an overload or no reading")
    return value


def parse_switch(reply: str) -> bool:
    """The state in a reply such as ``ON``, ``1``, ``off`` or ``0``.

    Raises:
        SupplyReplyError: It is neither on nor off.
    """
    word = reply.strip().upper()
    if word in ("ON", "1", "+1"):
        return True
    if word in ("OFF", "0", "+0"):
        return False
    raise SupplyReplyError(f"reply {reply!r} is neither on nor off{_ADVICE}")


def parse_error(reply: str) -> tuple[int, str]:
    """Code and text of an entry of the error queue, such as ``-113,"Undefined header"``.

    Raises:
        SupplyReplyError: There is no code.
    """
    match = _ERROR.fullmatch(reply)
    if match is None:
        raise SupplyReplyError(f"reply {reply!r} is no entry of an error queue{_ADVICE}")
    return int(match[1]), match[2]


class Scpi(Protocol):
    """What a property needs of its instrument."""

    @property
    def name(self) -> str:
        """Address and channel, for messages."""

    def write(self, command: str) -> None:
        """Send a command; ``{ch}`` in it stands for the channel."""

    def query(self, command: str) -> str:
        """Send a query and receive its reply."""


class NumberSetting:
    """A number that is written, and read back to confirm it.

    Args:
        doc: One line, ``Control the ... (unit).``
        header: SCPI header; ``{ch}`` stands for the channel.
        unit: Of the number.
        low: Smallest value.
        high: Largest value.
        step: Resolution.

    Raises (on assignment):
        SupplyError: The value is out of range; nothing is sent.
        SettingNotAcceptedError: The instrument reports another value afterwards.
    """

    def __init__(
        self, doc: str, header: str, *, unit: str, low: float, high: float, step: float
    ) -> None:
        self.__doc__ = doc
        self.unit = unit
        self._header, self._low, self._high, self._step = header, low, high, step
        self._decimals = len(f"{step:g}".partition(".")[2])

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instrument: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instrument: Scpi, owner: type) -> float: ...
    def __get__(self, instrument: Scpi | None, owner: type) -> Self | float:
        if instrument is None:
            return self
        return parse_number(instrument.query(f"{self._header}?"))

    def __set__(self, instrument: Scpi, value: float) -> None:
        if not self._low <= value <= self._high:
            raise SupplyError(
                f"{instrument.name}: {self._name} {value:g} {self.unit} is outside "
                f"{self._low:g} to {self._high:g} {self.unit}"
            )
        instrument.write(f"{self._header} {value:.{self._decimals}f}")
        reported = parse_number(instrument.query(f"{self._header}?"))
        if abs(reported - value) > 0.501 * self._step:
            raise SettingNotAcceptedError(
                f"{instrument.name}: {self._name} was set to {value:g} {self.unit} and reads back "
                f"{reported:g} {self.unit}: check the instrument's front panel and error queue"
            )


class SwitchSetting:
    """Something on or off that is written, and read back to confirm it; see `NumberSetting`."""

    def __init__(self, doc: str, header: str) -> None:
        self.__doc__ = doc
        self._header = header

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instrument: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instrument: Scpi, owner: type) -> bool: ...
    def __get__(self, instrument: Scpi | None, owner: type) -> Self | bool:
        if instrument is None:
            return self
        return parse_switch(instrument.query(f"{self._header}?"))

    def __set__(self, instrument: Scpi, on: bool) -> None:
        instrument.write(f"{self._header} {'ON' if on else 'OFF'}")
        if parse_switch(instrument.query(f"{self._header}?")) != on:
            raise SettingNotAcceptedError(
                f"{instrument.name}: {self._name} was switched {'on' if on else 'off'} and reads "
                f"back {'off' if on else 'on'}: a limit may have tripped"
            )
