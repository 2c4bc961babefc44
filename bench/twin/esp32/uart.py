"""What a UART makes of bytes: how long they take, and what another rate hears instead."""

from itertools import chain

GRID = 2.0**-36
"""s; durations of a byte are multiples of it, so that their sums do not depend on how a stream of
bytes was cut (sums of such multiples are exact in binary floating point)."""

TOLERANCE = 0.04
"""Relative difference of two rates at which the last bit of ten is still sampled in its place."""

_FRAME_BITS = 10


def byte_time(baud: int) -> float:
    """Seconds for one byte at `baud` bit/s: start bit, eight data bits, stop bit."""
    return round(_FRAME_BITS / baud / GRID) * GRID


def same_rate(one: int, other: int) -> bool:
    """Whether two UARTs at these rates understand each other."""
    return abs(one - other) <= TOLERANCE * other


def heard(data: bytes, sent: int, received: int) -> bytes:
    """What a receiver at `received` bit/s takes `data`, sent at `sent` bit/s, for.

    The line is sampled in the middle of each bit that the receiver expects. Bytes whose start bit
    is not low or whose stop bit is not high there are left out.
    """
    if same_rate(sent, received):
        return data
    line = list(chain.from_iterable(_bits(byte) for byte in data))
    step = sent / received
    result = bytearray()
    position = 0.0
    while (start := _falling(line, position)) is not None:
        samples = [_level(line, start + (index + 0.5) * step) for index in range(_FRAME_BITS)]
        first, *bits, last = samples
        if last and not first:
            result.append(sum(bit << index for index, bit in enumerate(bits)))
        length = 0.5 if first else _FRAME_BITS - 0.5  # a start bit too short is none
        position = max(start + 1, start + length * step)
    return bytes(result)


def _bits(byte: int) -> list[int]:
    return [0, *((byte >> index) & 1 for index in range(8)), 1]


def _level(line: list[int], position: float) -> int:
    return line[int(position)] if position < len(line) else 1


def _falling(line: list[int], position: float) -> int | None:
    for index in range(int(position), len(line)):
        if not line[index] and (index == 0 or line[index - 1]):
            return index
    return None
