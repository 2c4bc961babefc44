"""Images that an ESP32 boots: the twin's own, and the checks that ROM and bootloader make.

The format is Espressif's: a header of 24 bytes, segments of (address, length, data), a checksum in
the last byte of a multiple of 16, and a SHA-256 over all of it (ESP-IDF, "App Image Format").
"""

import hashlib
import struct
from dataclasses import dataclass

import numpy as np

from bench.twin.esp32.application import Description

MAGIC = 0xE9

_HEADER = struct.Struct("<BBBBI B3sHBHH4sB")
_SEGMENT = struct.Struct("<II")
_DESCRIPTION = struct.Struct("<II8s32s32s16s16s32s32s80s")
_DESCRIPTION_MAGIC = 0xABCD5432

_DIO, _SPEED_40_MHZ, _WP_DISABLED, _CHIP_ESP32, _ANY_REVISION = 2, 0, 0xEE, 0, 0xFFFF
_FLASH_DATA, _INTERNAL_CODE, _BOOTLOADER_CODE = 0x3F400020, 0x40080400, 0x40078000
_CODE = bytes.fromhex("06ffff00")
"""Xtensa's jump to itself, padded: the twin runs the application beside the image, not from it."""
_SHORTEST = 512


class ImageError(ValueError):
    """Bytes that are no image for this chip; the text is what the bootloader prints."""


@dataclass(frozen=True)
class Image:
    """What the header says; `length` in bytes with checksum and hash, `flash_bytes` declared."""

    length: int
    flash_bytes: int
    description: Description | None


def application_image(
    name: str, version: str, size: int = 4096, flash_bytes: int = 4 << 20, content: bytes = b""
) -> bytes:
    """An application image of exactly `size` bytes, a multiple of 16, at least 512.

    Args:
        name: Of the project, at most 31 bytes of ASCII.
        version: At most 31 bytes of ASCII.
        size: Of the image in bytes: what its fill makes up for code that the twin does not have.
        flash_bytes: The module's flash.
        content: What the application holds in its data, such as a model's array.

    Raises:
        ValueError: `size` is no multiple of 16 or below 512, or too small for `content`; a text is
            too long.
    """
    if size < _SHORTEST or size % 16:
        raise ValueError(f"an image of {size} bytes; wanted a multiple of 16, at least {_SHORTEST}")
    fixed = _HEADER.size + 2 * _SEGMENT.size + _DESCRIPTION.size + len(_CODE)
    fill = size - 32 - fixed - 4  # the last four of the body's multiple of 16 hold the checksum
    if fill < len(content):
        raise ValueError(f"an image of {size} bytes for a content of {len(content)}; wanted more")
    data = _description(name, version) + content.ljust(fill, b"\0")
    return _assemble([(_FLASH_DATA, data), (_INTERNAL_CODE, _CODE)], _INTERNAL_CODE, flash_bytes)


def bootloader_image(flash_bytes: int = 4 << 20) -> bytes:
    """A second-stage bootloader's image; its header declares the flash's size to the bootloader."""
    return _assemble([(_BOOTLOADER_CODE, _CODE)], _BOOTLOADER_CODE, flash_bytes)


def read_image(data: bytes) -> Image:
    """Check `data` (an image and whatever follows it) as the bootloader does.

    Raises:
        ImageError: Wrong magic, chip, segments, checksum or hash.
    """
    if len(data) < _HEADER.size or data[0] != MAGIC:
        raise ImageError("has invalid magic byte (nothing flashed here?)")
    _, count, _, size_speed, _, _, _, chip, _, _, _, _, hashed = _HEADER.unpack_from(data)
    if chip != _CHIP_ESP32:
        raise ImageError(f"has chip id 0x{chip:04x}, not ESP32's")
    segments, end = _segments(data, count)
    checked = (end + 16) // 16 * 16
    if len(data) < checked or checksum(b"".join(segments)) != data[checked - 1]:
        raise ImageError("has a wrong checksum")
    length = checked + 32 if hashed else checked
    if hashed and hashlib.sha256(data[:checked]).digest() != data[checked:length]:
        raise ImageError("has a wrong hash")
    return Image(length, (1 << 20) << (size_speed >> 4), _describe(segments[0]))


def checksum(data: bytes) -> int:
    """Espressif's checksum of images and of blocks for the loader: XOR of all bytes and 0xEF."""
    return int(np.bitwise_xor.reduce(np.frombuffer(data, dtype=np.uint8), initial=0xEF))


def _segments(data: bytes, count: int) -> tuple[list[bytes], int]:
    segments: list[bytes] = []
    position = _HEADER.size
    if not 1 <= count <= 16:
        raise ImageError(f"has {count} segments")
    for _ in range(count):
        head = data[position : position + _SEGMENT.size]
        length = _SEGMENT.unpack(head)[1] if len(head) == _SEGMENT.size else len(data)
        position += _SEGMENT.size
        segment = data[position : position + length]
        if len(segment) < length:
            raise ImageError(f"segment {len(segments)} ends behind the image's place")
        segments.append(segment)
        position += length
    return segments, position


def _assemble(segments: list[tuple[int, bytes]], entry: int, flash_bytes: int) -> bytes:
    size_speed = (flash_bytes >> 20).bit_length() - 1 << 4 | _SPEED_40_MHZ
    body = _HEADER.pack(
        MAGIC, len(segments), _DIO, size_speed, entry, _WP_DISABLED, bytes(3), _CHIP_ESP32,
        0, 0, _ANY_REVISION, bytes(4), 1,
    )  # fmt: skip
    for address, data in segments:
        body += _SEGMENT.pack(address, len(data)) + data
    body += bytes(15 - len(body) % 16)
    body += bytes((checksum(b"".join(data for _, data in segments)),))
    return body + hashlib.sha256(body).digest()


def _description(name: str, version: str) -> bytes:
    texts = (_text("version", version), _text("name", name), b"", b"", b"")
    return _DESCRIPTION.pack(_DESCRIPTION_MAGIC, 0, b"", *texts, b"", b"")


def _text(what: str, text: str) -> bytes:
    if len(text) > 31 or not text.isascii():
        raise ValueError(f"{what} {text!r}; wanted at most 31 characters of ASCII")
    return text.encode("ascii")


def _describe(segment: bytes) -> Description | None:
    if len(segment) < _DESCRIPTION.size:
        return None
    magic, _, _, version, name, *_ = _DESCRIPTION.unpack_from(segment)
    if magic != _DESCRIPTION_MAGIC:
        return None
    return Description(_string(name), _string(version))


def _string(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("utf-8", "replace")
