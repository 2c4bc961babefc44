"""The serial NOR flash beside the chip: a W25Q32 as its commands show it.

Programming clears bits and nothing else; only erasing sets them. Every operation says how long it
takes; whoever started it lets that time pass.
"""

import hashlib

import numpy as np

from bench.twin.esp32 import constants

PAGE, SECTOR, BLOCK = 256, 4096, 65536

_WINBOND, _W25Q = 0xEF, 0x40
_WRITE_ENABLE, _VOLATILE_ENABLE, _WRITE_DISABLE = 0x06, 0x50, 0x04
_READ_ID, _READ_SFDP = 0x9F, 0x5A
_READ_STATUS = {0x05: 0, 0x35: 1, 0x15: 2}
_WRITE_STATUS = {0x01: 0, 0x31: 1, 0x11: 2}
_QUAD_ENABLE = 0x02


class Flash:
    """Contents, identity and status registers of the flash.

    Attributes:
        size: Bytes; a power of two.
        worn: Addresses whose cells no longer take a 0: programming them has no effect.
    """

    def __init__(self, size: int = 4 << 20, worn: range = range(0)) -> None:
        if size < BLOCK or size & (size - 1):
            raise ValueError(f"a flash of {size} bytes; wanted a power of two, at least {BLOCK}")
        self.size = size
        self.worn = worn
        self._cells = np.full(size, 0xFF, dtype=np.uint8)
        self._status = [0x00, _QUAD_ENABLE, 0x00]
        self._write_enabled = False

    def read(self, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`; what lies past the end is missing."""
        return self._cells[offset : offset + length].tobytes()

    def md5(self, offset: int, length: int) -> bytes:
        """MD5 of a region."""
        region = self._cells[offset : offset + length]
        return hashlib.md5(region.data, usedforsecurity=False).digest()

    def program(self, offset: int, data: bytes) -> float:
        """Clear the bits that are 0 in `data`; returns seconds. Past the end nothing happens."""
        region = self._cells[offset : offset + len(data)]
        before = region.copy()
        region &= np.frombuffer(data, dtype=np.uint8, count=len(region))
        if self.worn:
            first, last = self.worn.start - offset, self.worn.stop - offset
            worn = slice(max(0, first), max(0, last))
            region[worn] = before[worn]
        pages = (offset + len(data) - 1) // PAGE - offset // PAGE + 1 if data else 0
        return pages * constants.PAGE_PROGRAM

    def erase(self, begin: int, end: int) -> float:
        """Set every bit of the sectors that [`begin`, `end`) touches; returns seconds."""
        begin = begin // SECTOR * SECTOR
        end = min(self.size, -(-end // SECTOR) * SECTOR)
        if end <= begin:
            return 0.0
        self._cells[begin:end] = 0xFF
        if (begin, end) == (0, self.size):
            return constants.CHIP_ERASE * self.size / (4 << 20)
        blocks = max(0, end // BLOCK - -(-begin // BLOCK))
        sectors = (end - begin - blocks * BLOCK) // SECTOR
        return blocks * constants.BLOCK_ERASE + sectors * constants.SECTOR_ERASE

    def command(self, code: int, address: int, sent: bytes) -> bytes:
        """Carry out a command of the SPI bus other than reading, programming or erasing.

        Args:
            code: The command's byte.
            address: Its 24 bits of address; 0 where it has none.
            sent: Bytes that follow it.

        Returns:
            What the flash answers; empty for a command without an answer.
        """
        if code == _READ_ID:
            return bytes((_WINBOND, _W25Q, self.size.bit_length() - 1))
        if code == _READ_SFDP:
            return _sfdp(self.size)[address:]
        if code in _READ_STATUS:
            return bytes((self._status[_READ_STATUS[code]],))
        if code in (_WRITE_ENABLE, _VOLATILE_ENABLE, _WRITE_DISABLE):
            self._write_enabled = code != _WRITE_DISABLE
        elif code in _WRITE_STATUS and self._write_enabled:
            first = _WRITE_STATUS[code]
            self._status[first : first + len(sent)] = sent[: len(self._status) - first]
            self._write_enabled = False
        return b""


def _sfdp(size: int) -> bytes:
    """Serial Flash Discoverable Parameters: header and basic table (JESD216, revision 1.0).

    The table's values are those of the W25Q32's data sheet, save the density.
    """
    header = b"SFDP" + bytes((0x00, 0x01, 0x00, 0xFF))
    parameters = bytes((0x00, 0x00, 0x01, 0x09, 0x10, 0x00, 0x00, 0xFF))
    table = bytes.fromhex("e520f1ff") + (size * 8 - 1).to_bytes(4, "little")
    table += bytes.fromhex("44eb086b083b42bbfeffffffffff0000ffff00000c200f5210d80000")
    return header + parameters + table
