"""What ROM and second-stage bootloader make of the flash's contents: an application, or a reason.

The texts of a boot that fails are the ROM's and the bootloader's own.
"""

import hashlib
import struct
from dataclasses import dataclass

from bench.twin.esp32.application import Description, Partition
from bench.twin.esp32.flash import Flash
from bench.twin.esp32.image import MAGIC, ImageError, read_image

BOOTLOADER_OFFSET = 0x1000
PARTITION_TABLE_OFFSET = 0x8000
PARTITION_TABLE_SIZE = 0xC00

_ENTRY = struct.Struct("<2sBBII16sI")
_ENTRY_MAGIC, _MD5_MAGIC, _END = b"\xaa\x50", b"\xeb\xeb" + b"\xff" * 14, b"\xff" * 32
_APPLICATION_KIND = 0x00
_FACTORY, _FIRST_OTA = 0x00, 0x10


class BootError(Exception):
    """Flash from which nothing starts; the text is what the chip prints."""


@dataclass(frozen=True)
class Bootable:
    """The application to start; `length` of its image in bytes."""

    description: Description
    partitions: tuple[Partition, ...]
    length: int


def find_application(flash: Flash) -> Bootable:
    """Follow the flash from the bootloader's header to the application.

    Raises:
        BootError: Bootloader, partition table or application is missing or damaged.
    """
    bootloader = flash.read(BOOTLOADER_OFFSET, PARTITION_TABLE_OFFSET - BOOTLOADER_OFFSET)
    if bootloader[0] != MAGIC:
        word = int.from_bytes(bootloader[:4], "little")
        raise BootError(f"invalid header: 0x{word:08x}\r\n" * 8)
    try:
        declared = read_image(bootloader).flash_bytes
    except ImageError as error:
        raise BootError(f"ets_main.c 371: bootloader {error}\r\n") from error
    table = flash.read(PARTITION_TABLE_OFFSET, PARTITION_TABLE_SIZE)
    try:
        partitions = read_partitions(table, min(declared, flash.size))
    except ValueError as error:
        raise BootError(
            f"E (35) flash_parts: {error}\r\n"
            "E (42) boot: Failed to verify partition table\r\n"
            "E (48) boot: load partition table error!\r\n"
        ) from error
    return _load(flash, partitions)


def _load(flash: Flash, partitions: tuple[Partition, ...]) -> Bootable:
    applications = {part.subtype: part for part in partitions if part.kind == _APPLICATION_KIND}
    place = applications.get(_FACTORY) or applications.get(_FIRST_OTA)
    if place is None:
        raise BootError("E (54) boot: No bootable app partitions in the partition table\r\n")
    try:
        image = read_image(flash.read(place.offset, place.size))
    except ImageError as error:
        raise BootError(
            f"E (54) esp_image: image at 0x{place.offset:x} {error}\r\n"
            "E (62) boot: Factory app partition is not bootable\r\n"
            "E (67) boot: No bootable app partitions in the partition table\r\n"
        ) from error
    return Bootable(image.description or Description("", ""), partitions, image.length)


def read_partitions(table: bytes, flash_bytes: int) -> tuple[Partition, ...]:
    """The entries of a partition table, checked as the bootloader checks them.

    Raises:
        ValueError: Wrong magic or MD5, or a partition beyond `flash_bytes`.
    """
    partitions: list[Partition] = []
    for position in range(0, len(table) - _ENTRY.size + 1, _ENTRY.size):
        entry = table[position : position + _ENTRY.size]
        if entry == _END and partitions:
            break
        if entry.startswith(_MD5_MAGIC):
            expected = hashlib.md5(table[:position], usedforsecurity=False).digest()
            if entry[16:] != expected:
                raise ValueError("partition table MD5 mismatch")
            continue
        partitions.append(_partition(entry, len(partitions), flash_bytes))
    return tuple(partitions)


def _partition(entry: bytes, number: int, flash_bytes: int) -> Partition:
    magic, kind, subtype, offset, size, label, _ = _ENTRY.unpack(entry)
    if magic != _ENTRY_MAGIC:
        word = int.from_bytes(magic, "little")
        raise ValueError(f"partition {number} invalid magic number 0x{word:x}")
    if offset + size > flash_bytes:
        raise ValueError(
            f"partition {number} invalid - offset 0x{offset:x} size 0x{size:x} "
            f"exceeds flash chip size 0x{flash_bytes:x}"
        )
    text = label.split(b"\0", 1)[0].decode("ascii", "replace")
    return Partition(text, kind, subtype, offset, size)
