"""Names and settings of analogue inputs, as NI-DAQmx reads them, checked against the PCI-6251."""

import re
from dataclasses import dataclass
from enum import IntEnum

from bench.twin.card import DIFFERENTIAL_PAIR, PCI_6251, TERMINALS, Channel
from bench.twin.daq.errors import Code, DaqError

DEVICE = "Dev1"
RANGES = tuple(sorted(PCI_6251))


class TerminalConfiguration(IntEnum):
    """NI's `InputTermCfgWithDefault`."""

    DEFAULT = -1
    RSE = 10083
    NRSE = 10078
    DIFFERENTIAL = 10106
    PSEUDO_DIFFERENTIAL = 12529


@dataclass(frozen=True)
class Input:
    """A virtual channel: a name, and the physical channel in the range that its limits need."""

    name: str
    channel: Channel
    configuration: TerminalConfiguration
    minimum: float
    maximum: float

    @property
    def physical(self) -> str:
        """Such as ``Dev1/ai1``."""
        return f"{DEVICE}/{self.channel.name}"


def voltage_inputs(
    physical: str, name: str, configuration: int, minimum: float, maximum: float
) -> list[Input]:
    """The channels that Create AI Voltage Channel makes.

    Raises:
        DaqError: With the driver's code, of whatever the card does not have.
    """
    span = _range(minimum, maximum)
    terminals = [_terminal(one) for one in names(physical)]
    if not terminals:
        raise DaqError(Code.PHYSICAL_CHAN_DOES_NOT_EXIST, f"Physical Channel Name: {physical!r}")
    return [
        _input(_virtual(name, position, terminals), terminal, span, configuration, minimum, maximum)
        for position, terminal in enumerate(terminals)
    ]


def names(text: str) -> list[str]:
    """The names in a list such as ``Dev1/ai0:2, Dev1/ai7``, in order; ranges may run down."""
    return [name for item in text.split(",") if item.strip() for name in _expand(item.strip())]


def _expand(item: str) -> list[str]:
    head, colon, tail = item.partition(":")
    if not colon:
        return [item]
    first = re.fullmatch(r"(.*?)(\d{1,4})", head)
    last = re.fullmatch(r"(.*?)(\d{1,4})", tail)
    if not first or not last or last[1].lower() not in ("", first[1].lower()):
        raise DaqError(Code.INVALID_RANGE_OF_OBJECTS_SYNTAX_IN_STRING, f"Range: {item!r}")
    begin, end = int(first[2]), int(last[2])
    step = 1 if end >= begin else -1
    return [f"{first[1]}{number}" for number in range(begin, end + step, step)]


def _terminal(physical: str) -> int:
    channel = physical.partition("/")[2]
    found = re.fullmatch(r"ai(\d{1,4})", channel.lower())
    if not found or int(found[1]) >= TERMINALS:
        raise DaqError(
            Code.PHYSICAL_CHAN_DOES_NOT_EXIST,
            f"Physical Channel Name: {physical!r}; {DEVICE} has ai0:{TERMINALS - 1}",
        )
    return int(found[1])


def _range(minimum: float, maximum: float) -> float:
    if not minimum < maximum:
        raise DaqError(Code.MIN_NOT_LESS_THAN_MAX, f"Minimum: {minimum} Maximum: {maximum}")
    needed = max(abs(minimum), abs(maximum))
    for span in RANGES:
        if needed <= span:
            return span
    raise DaqError(
        Code.INVALID_ATTRIBUTE_VALUE,
        f"Property: AI.Max, AI.Min\nRequested Value: {minimum} to {maximum} V\n"
        f"Maximum Value: {RANGES[-1]}\nMinimum Value: {-RANGES[-1]}",
    )


def _input(
    name: str, terminal: int, span: float, configuration: int, minimum: float, maximum: float
) -> Input:
    mode = _mode(terminal, configuration)
    channel = Channel(terminal, span, mode is TerminalConfiguration.DIFFERENTIAL)
    return Input(name, channel, mode, minimum, maximum)


def _mode(terminal: int, configuration: int) -> TerminalConfiguration:
    paired = terminal < DIFFERENTIAL_PAIR
    single = [TerminalConfiguration.RSE, TerminalConfiguration.NRSE]
    possible = [TerminalConfiguration.DIFFERENTIAL, *single] if paired else single
    if configuration == TerminalConfiguration.DEFAULT:
        return possible[0]
    if configuration not in possible:
        raise DaqError(
            Code.INVALID_ATTRIBUTE_VALUE,
            f"Property: AI.TermCfg\nRequested Value: {configuration}\n"
            f"Possible Values: {', '.join(mode.name for mode in possible)}\n"
            f"Channel Name: {DEVICE}/ai{terminal}",
        )
    return TerminalConfiguration(configuration)


def _virtual(name: str, position: int, terminals: list[int]) -> str:
    if not name:
        return f"{DEVICE}/ai{terminals[position]}"
    return name if len(terminals) == 1 else f"{name}{position}"
