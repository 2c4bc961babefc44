"""The model partition and the partition table: what is written is read, and damage is noticed."""

import struct
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.device.images import (
    MAX_CHANNELS,
    MODEL_OFFSET,
    MODEL_PARTITION_OFFSET,
    ModelImage,
    Partition,
    Standardisation,
    bench_layout,
    encode_model,
    encode_partition_table,
    paper_layout,
)
from bench.errors import DeviceError
from bench.twin.esp32.application import Partition as Read
from bench.twin.esp32.flash_boot import read_partitions

FLASH_BYTES = 4 << 20


IMAGE = ModelImage("C_5", "D", bytes(range(100)), Standardisation((0.5, -1.0), (2.0, 0.25)))


def test_the_header_is_laid_out_as_the_firmware_reads_it() -> None:
    encoded = encode_model(IMAGE)
    assert encoded[:4] == b"HARM"
    assert struct.unpack_from("<HHII", encoded, 4) == (1, 2, 100, zlib.crc32(IMAGE.model))
    assert encoded[16:20] == b"C_5\0"
    assert encoded[64:66] == b"D\0"
    assert struct.unpack_from("<3f", encoded, 72) == (0.5, -1.0, 0.0)
    assert struct.unpack_from("<3f", encoded, 136) == (2.0, 0.25, 0.0)
    assert struct.unpack_from("<I", encoded, 200) == (zlib.crc32(encoded[:200]),)
    assert MODEL_OFFSET % 16 == 0


TOO_MANY = (1.0,) * (MAX_CHANNELS + 1)


@pytest.mark.parametrize(
    ("standardisation", "why"),
    [
        (Standardisation((), ()), "0 means and 0 scales"),
        (Standardisation(TOO_MANY, TOO_MANY), "17 means and 17 scales"),
        (Standardisation((0.0,), (1.0, 1.0)), "1 means and 2 scales"),
        (Standardisation((0.0,), (0.0,)), "positive scales"),
        (Standardisation((0.0,), (-1.0,)), "positive scales"),
        (Standardisation((0.0,), (1e-46,)), "positive scales"),
        (Standardisation((1e39,), (1.0,)), "finite means"),
        (Standardisation((float("nan"),), (1.0,)), "finite means"),
    ],
)
def test_a_standardisation_that_the_device_cannot_use_is_refused(
    standardisation: Standardisation, why: str
) -> None:
    with pytest.raises(DeviceError, match=why):
        encode_model(ModelImage("C_1", "L", b"", standardisation))


@pytest.mark.parametrize(
    ("name", "technique", "why"),
    [
        ("n" * 49, "L", "model name 'n+' takes 49 bytes, at most 48"),
        ("é" * 25, "L", "takes 50 bytes"),
        ("C_1", "dynamic-9", "technique 'dynamic-9' takes 9 bytes, at most 8"),
        ("C\0", "L", "model name"),
    ],
)
def test_a_name_that_does_not_fit_is_refused(name: str, technique: str, why: str) -> None:
    with pytest.raises(DeviceError, match=why):
        encode_model(ModelImage(name, technique, b""))


labels = st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=16)
rows = st.builds(
    Partition, labels, st.integers(0, 255), st.integers(0, 255),
    st.integers(0, FLASH_BYTES // 2), st.integers(0, FLASH_BYTES // 2),
)  # fmt: skip
tables = st.lists(rows, min_size=1, max_size=8).map(tuple)


def as_read(table: tuple[Partition, ...]) -> tuple[Read, ...]:
    return tuple(Read(p.name, p.kind, p.subtype, p.offset, p.size) for p in table)


@given(tables)
def test_the_bootloader_reads_the_table_that_was_encoded(table: tuple[Partition, ...]) -> None:
    encoded = encode_partition_table(table)
    assert len(encoded) == 0xC00
    assert read_partitions(encoded, FLASH_BYTES) == as_read(table)


@given(tables, st.data())
def test_the_bootloader_notices_a_flipped_bit_of_the_table(
    table: tuple[Partition, ...], data: st.DataObject
) -> None:
    damaged = bytearray(encode_partition_table(table))
    bit = data.draw(st.integers(0, 32 * 8 * (len(table) + 1) - 1))
    damaged[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ValueError, match=r"MD5|magic|exceeds"):
        read_partitions(bytes(damaged), FLASH_BYTES)


@pytest.mark.parametrize("table", [bench_layout(FLASH_BYTES), paper_layout()])
def test_the_layouts_begin_where_the_bootloader_looks(table: tuple[Partition, ...]) -> None:
    assert read_partitions(encode_partition_table(table), FLASH_BYTES) == as_read(table)
    for earlier, later in pairwise(table):
        assert earlier.offset + earlier.size <= later.offset
    assert all(partition.offset % 0x10000 == 0 for partition in table)


def test_the_bench_gives_the_model_all_flash_behind_the_application() -> None:
    model = bench_layout(FLASH_BYTES)[-1]
    assert (model.name, model.offset) == ("model", MODEL_PARTITION_OFFSET)
    assert model.offset + model.size == FLASH_BYTES


def test_a_partition_name_that_does_not_fit_is_refused() -> None:
    with pytest.raises(DeviceError, match=r"partition 'n+' takes 17 bytes, at most 16"):
        encode_partition_table((Partition("n" * 17, 0, 0, 0, 0),))
