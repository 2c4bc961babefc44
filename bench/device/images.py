"""Images that are written to the device's flash: the model partition and the partition table.

The model partition starts with a header that the firmware checks before it uses the model
(``firmware/components/core/src/model_partition.cpp``). All numbers are little-endian; the model
follows at `MODEL_OFFSET`, a multiple of 16 as TensorFlow Lite Micro wants it:

====== ===== =======================================================================
offset bytes meaning
====== ===== =======================================================================
0      4     magic ``HARM``
4      2     version of this layout (1)
6      2     channels that are standardised, 0 for a model that takes raw tensors
8      4     length of the model in bytes
12     4     CRC-32 of the model (IEEE 802.3, as zlib's)
16     48    name, UTF-8, padded with zeros
64     8     technique, UTF-8, padded with zeros
72     4×16  mean of each channel, float32
136    4×16  scale of each channel, float32
200    4     CRC-32 of the first 200 bytes
====== ===== =======================================================================
"""

import hashlib
import struct
import zlib
from dataclasses import dataclass

from bench.errors import DeviceError

MAGIC = b"HARM"
VERSION = 1
MAX_CHANNELS = 16
ALIGNMENT = 16
MODEL_OFFSET = 208
_HEAD = struct.Struct("<4sHHII48s8s16f16f")
_SMALLEST, _LARGEST = 2.0**-126, (2.0 - 2.0**-23) * 2.0**127
"""The ends of float32's normal numbers."""

APP_OFFSET = 0x10000
APP_PARTITION = 0x100000
MODEL_PARTITION_OFFSET = APP_OFFSET + APP_PARTITION
"""In the bench's layout the model has all flash behind a 1 MB application."""
PARTITION_TABLE_OFFSET = 0x8000
_ENTRY = struct.Struct("<HBBII16sI")
_ENTRY_MAGIC = 0x50AA
_DIGEST_MAGIC = b"\xeb\xeb" + b"\xff" * 14
_TABLE_BYTES = 0xC00


@dataclass(frozen=True)
class Standardisation:
    """What the device subtracts from and divides each channel by, in the channel's unit."""

    mean: tuple[float, ...]
    scale: tuple[float, ...]


@dataclass(frozen=True)
class ModelImage:
    """What the model partition holds.

    Attributes:
        name: The network's name, at most 48 bytes of UTF-8.
        technique: ``L``, ``D``, ``F`` or a user's own word, at most 8 bytes.
        model: The ``.tflite`` file.
        standardisation: Per channel, or None for a model that takes its input tensor's own bytes.
    """

    name: str
    technique: str
    model: bytes
    standardisation: Standardisation | None = None

    @property
    def crc(self) -> int:
        """CRC-32 of the model, as the firmware reports it."""
        return zlib.crc32(self.model)


def encode_model(image: ModelImage) -> bytes:
    """The bytes of the model partition for `image`, padded to `ALIGNMENT`.

    Raises:
        DeviceError: If a name is too long, or channels are too many or not to be divided by.
    """
    mean, scale = ((), ()) if image.standardisation is None else _channels(image.standardisation)
    head = _HEAD.pack(
        MAGIC,
        VERSION,
        len(mean),
        len(image.model),
        image.crc,
        _text(image.name, 48, "model name"),
        _text(image.technique, 8, "technique"),
        *_padded(mean),
        *_padded(scale),
    )
    body = head + struct.pack("<I", zlib.crc32(head))
    return _align(body.ljust(MODEL_OFFSET, b"\0") + image.model, ALIGNMENT)


@dataclass(frozen=True)
class Partition:
    """A row of the partition table (ESP-IDF's format): offset and size in bytes."""

    name: str
    kind: int
    subtype: int
    offset: int
    size: int


def bench_layout(flash_bytes: int) -> tuple[Partition, ...]:
    """The bench's layout: one application, and a model partition with all flash after it."""
    model = MODEL_PARTITION_OFFSET
    return (
        Partition("factory", 0, 0, APP_OFFSET, APP_PARTITION),
        Partition("model", 1, 0x40, model, flash_bytes - model),
    )


def paper_layout() -> tuple[Partition, ...]:
    """ESP-IDF's default with a single 1 MB application, the model's C array inside it."""
    return (Partition("factory", 0, 0, APP_OFFSET, APP_PARTITION),)


def encode_partition_table(partitions: tuple[Partition, ...]) -> bytes:
    """ESP-IDF's binary partition table with its MD5 row, padded to 0xC00 bytes."""
    rows = b"".join(
        _ENTRY.pack(
            _ENTRY_MAGIC, p.kind, p.subtype, p.offset, p.size, _text(p.name, 16, "partition"), 0
        )
        for p in partitions
    )
    digest = hashlib.md5(rows, usedforsecurity=False).digest()
    return (rows + _DIGEST_MAGIC + digest).ljust(_TABLE_BYTES, b"\xff")


def _channels(
    standardisation: Standardisation,
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    mean, scale = standardisation.mean, standardisation.scale
    if len(mean) != len(scale) or not 1 <= len(mean) <= MAX_CHANNELS:
        raise DeviceError(
            f"standardisation has {len(mean)} means and {len(scale)} scales; wanted as many of "
            f"each, 1 to {MAX_CHANNELS}"
        )
    in_range = all(abs(value) <= _LARGEST for value in mean)
    if not in_range or not all(_SMALLEST <= value <= _LARGEST for value in scale):
        raise DeviceError(
            f"standardisation has means {mean} and scales {scale}; wanted finite means and "
            "positive scales that float32 can hold: train the network again"
        )
    return mean, scale


def _padded(values: tuple[float, ...]) -> tuple[float, ...]:
    return values + (0.0,) * (MAX_CHANNELS - len(values))


def _align(data: bytes, to: int) -> bytes:
    return data + b"\0" * (-len(data) % to)


def _text(value: str, size: int, what: str) -> bytes:
    encoded = value.encode()
    if len(encoded) > size or b"\0" in encoded:
        raise DeviceError(f"{what} {value!r} takes {len(encoded)} bytes, at most {size} fit")
    return encoded.ljust(size, b"\0")
