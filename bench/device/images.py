"""Images that are written to the device's flash: the model partition and the partition table.

The model partition starts with a header that the firmware checks before it uses the model. All
numbers are little-endian; the model follows at `MODEL_OFFSET`, a multiple of 16 as TensorFlow Lite
Micro wants it:

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


def decode_model(partition: bytes) -> ModelImage:
    """What `partition` holds; it may go on behind the model.

    Raises:
        DeviceError: If header or model are not what their checksums say, naming which.
    """
    if len(partition) < MODEL_OFFSET or partition[:4] != MAGIC:
        raise DeviceError(
            f"model partition starts with {partition[:4]!r}, wanted {MAGIC!r}: flash a model first"
        )
    (expected,) = struct.unpack_from("<I", partition, _HEAD.size)
    if zlib.crc32(partition[: _HEAD.size]) != expected:
        raise DeviceError("model partition: header's CRC-32 does not match: flash the model again")
    _, version, channels, length, crc, name, technique, *numbers = _HEAD.unpack_from(partition)
    if version != VERSION or channels > MAX_CHANNELS:
        raise DeviceError(
            f"model partition: layout {version} with {channels} channels, wanted layout {VERSION} "
            f"with at most {MAX_CHANNELS}: use a firmware and a bench of the same release"
        )
    model = partition[MODEL_OFFSET : MODEL_OFFSET + length]
    if len(model) < length or zlib.crc32(model) != crc:
        raise DeviceError(
            f"model partition: CRC-32 of the model is {zlib.crc32(model):08x}, wanted {crc:08x}: "
            "flash the model again"
        )
    standardisation = (
        Standardisation(
            tuple(numbers[:channels]), tuple(numbers[MAX_CHANNELS : MAX_CHANNELS + channels])
        )
        if channels
        else None
    )
    return ModelImage(_untext(name), _untext(technique), model, standardisation)


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


def _untext(value: bytes) -> str:
    return value.rstrip(b"\0").decode(errors="replace")
