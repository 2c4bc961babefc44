"""Requests and replies of Espressif's serial protocol, as its documentation gives them."""

import struct
from dataclasses import dataclass
from enum import Enum, IntEnum

_REQUEST = struct.Struct("<BBHI")
_FROM_HOST, _FROM_CHIP = 0, 1

GREETING = b"OHAI"
"""What a flasher stub sends, as one frame, once it runs."""


class Command(IntEnum):
    """The commands that this chip's ROM or its stub know."""

    FLASH_BEGIN = 0x02
    FLASH_DATA = 0x03
    FLASH_END = 0x04
    MEM_BEGIN = 0x05
    MEM_END = 0x06
    MEM_DATA = 0x07
    SYNC = 0x08
    WRITE_REG = 0x09
    READ_REG = 0x0A
    SPI_SET_PARAMS = 0x0B
    SPI_ATTACH = 0x0D
    READ_FLASH_SLOW = 0x0E
    CHANGE_BAUDRATE = 0x0F
    FLASH_DEFL_BEGIN = 0x10
    FLASH_DEFL_DATA = 0x11
    FLASH_DEFL_END = 0x12
    SPI_FLASH_MD5 = 0x13
    ERASE_FLASH = 0xD0
    ERASE_REGION = 0xD1
    READ_FLASH = 0xD2
    RUN_USER_CODE = 0xD3


class Refusal(Enum):
    """Why a command was refused: the status bytes of the ROM and of the stub."""

    BAD_LENGTH = (0x0105, 0xC000)
    BAD_CHECKSUM = (0x0107, 0xC100)
    BAD_FLASH_ADDRESS = (0x0106, 0xC400)
    NOT_BEGUN = (0x0106, 0xC600)
    BAD_COMPRESSION = (0x010B, 0xC700)
    NOT_ENOUGH_DATA = (0x0106, 0xC800)
    TOO_MUCH_DATA = (0x0106, 0xC900)
    UNKNOWN_COMMAND = (0x0105, 0xFF00)


class RefusedError(Exception):
    """A command that the loader does not carry out."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason.name)
        self.reason = reason


@dataclass(frozen=True)
class Request:
    """A request from the host; `checksum` covers the data behind a block's header alone."""

    command: int
    data: bytes
    checksum: int = 0

    def words(self, count: int) -> tuple[int, ...]:
        """The first `count` 32-bit words of the data.

        Raises:
            RefusedError: There are fewer.
        """
        if len(self.data) < 4 * count:
            raise RefusedError(Refusal.BAD_LENGTH)
        return struct.unpack_from(f"<{count}I", self.data)


def parse_request(frame: bytes) -> Request | None:
    """The request in a frame; None for what is none (noise, or another's reply).

    Raises:
        RefusedError: The data are longer or shorter than announced.
    """
    if len(frame) < _REQUEST.size or frame[0] != _FROM_HOST:
        return None
    _, command, length, checksum = _REQUEST.unpack_from(frame)
    data = frame[_REQUEST.size :]
    if len(data) != length:
        raise RefusedError(Refusal.BAD_LENGTH)
    return Request(command, data, checksum)


def request(command: int, data: bytes = b"", checksum: int = 0) -> bytes:
    """A request's payload, as a host sends it."""
    return _REQUEST.pack(_FROM_HOST, command, len(data), checksum) + data


def reply(command: int, value: int, data: bytes) -> bytes:
    """A reply's payload; `data` ends in the status bytes."""
    return _REQUEST.pack(_FROM_CHIP, command, len(data), value) + data


SYNC = request(Command.SYNC, b"\x07\x07\x12\x20" + b"\x55" * 32)
"""The request by which a host finds the loader."""
