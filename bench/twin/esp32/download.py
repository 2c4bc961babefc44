"""Transfers between host and flash that take many frames: writing a region, reading one back."""

import hashlib
import zlib

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from bench.twin.esp32.flash import SECTOR, Flash
from bench.twin.esp32.protocol import Refusal, RefusedError


class Download:
    """A region that the host is writing, block after block.

    The ROM has erased all of it beforehand; the stub erases each sector just before it writes to
    it. A compressed download is one zlib stream over all its blocks.
    """

    def __init__(
        self,
        flash: Flash,
        offset: int,
        size: int,
        *,
        compressed: bool = False,
        encrypted: bool = False,
        erase: bool = False,
    ) -> None:
        if offset + size > flash.size:
            raise RefusedError(Refusal.BAD_FLASH_ADDRESS)
        self._flash = flash
        self._position, self._missing = offset, size
        self._erased = offset if erase else offset + size
        self._inflater = zlib.decompressobj() if compressed else None
        self._encryption = Encryption() if encrypted else None

    @property
    def compressed(self) -> bool:
        """Whether blocks are parts of a zlib stream."""
        return self._inflater is not None

    @property
    def complete(self) -> bool:
        """Whether all bytes that were announced have come."""
        return not self._missing

    def write(self, block: bytes) -> float:
        """Write the next block; returns the seconds that the flash is busy.

        Raises:
            RefusedError: More bytes than announced, or no zlib stream.
        """
        if self._inflater is None:
            if not self._missing:
                raise RefusedError(Refusal.TOO_MUCH_DATA)
            data = block[: self._missing]  # the last block comes filled up
        else:
            data = self._inflate(block)
        self._missing -= len(data)
        if self._encryption is not None:
            data = self._encryption.feed(data)
        seconds = self._erase(self._position + len(data))
        seconds += self._flash.program(self._position, data)
        self._position += len(data)
        return seconds

    def _inflate(self, block: bytes) -> bytes:
        assert self._inflater is not None
        try:
            data = self._inflater.decompress(block, self._missing + 1)
        except zlib.error as error:
            raise RefusedError(Refusal.BAD_COMPRESSION) from error
        if len(data) > self._missing:
            raise RefusedError(Refusal.TOO_MUCH_DATA)
        return data

    def _erase(self, end: int) -> float:
        begin, self._erased = self._erased, max(self._erased, -(-end // SECTOR) * SECTOR)
        return self._flash.erase(begin, self._erased)


class Encryption:
    """The chip's flash encryption as a blank eFuse sets it: key 0, not varied by the address.

    Each 16 bytes, in reverse order, go through AES-256 *decryption* (ESP-IDF, "Flash Encryption").
    """

    def __init__(self) -> None:
        # ECB is what the chip does: its blocks differ by the address alone, and here not even so.
        self._cipher = Cipher(AES(bytes(32)), ECB()).decryptor()  # noqa: S305
        self._rest = b""

    def feed(self, data: bytes) -> bytes:
        """The next bytes of ciphertext; up to 15 of plaintext wait for more."""
        data = self._rest + data
        whole = len(data) // 16 * 16
        self._rest = data[whole:]
        return _reverse(self._cipher.update(_reverse(data[:whole])))


def _reverse(blocks: bytes) -> bytes:
    return np.frombuffer(blocks, dtype=np.uint8).reshape(-1, 16)[:, ::-1].tobytes()


class ReadBack:
    """A region that the stub streams: blocks as frames, acknowledged by the total, then an MD5."""

    def __init__(self, flash: Flash, offset: int, length: int, block: int, unacknowledged: int):
        if offset + length > flash.size:
            raise RefusedError(Refusal.BAD_FLASH_ADDRESS)
        if not block or not unacknowledged:
            raise RefusedError(Refusal.BAD_LENGTH)
        self._data = flash.read(offset, length)
        self._block = block
        self._window = block * unacknowledged
        self._sent = 0

    def next_frames(self, acknowledged: int) -> list[bytes]:
        """What goes out now that the host has `acknowledged` bytes; ends with the MD5."""
        limit = min(len(self._data), acknowledged + self._window)
        frames = []
        while self._sent < limit:
            frames.append(self._data[self._sent : self._sent + self._block])
            self._sent += len(frames[-1])
        if acknowledged >= len(self._data):
            frames.append(hashlib.md5(self._data, usedforsecurity=False).digest())
        return frames

    def finished(self, acknowledged: int) -> bool:
        """Whether the host has everything."""
        return acknowledged >= len(self._data)
