import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.twin.esp32 import constants
from bench.twin.esp32.flash import BLOCK, SECTOR, Flash

SIZE = 2 * BLOCK
OFFSETS = st.integers(0, SIZE - 1)
PROGRAM = st.tuples(st.just("program"), OFFSETS, st.binary(max_size=600))
ERASE = st.tuples(st.just("erase"), OFFSETS, st.integers(0, SIZE))


@settings(max_examples=30)
@given(st.lists(PROGRAM | ERASE, max_size=12))
def test_programming_clears_bits_and_erasing_sets_sectors(
    operations: list[tuple[str, int, bytes | int]],
) -> None:
    flash, cells = Flash(SIZE), np.full(SIZE, 0xFF, dtype=np.uint8)
    for _, offset, argument in operations:
        if isinstance(argument, bytes):
            fits = argument[: SIZE - offset]
            cells[offset : offset + len(fits)] &= np.frombuffer(fits, dtype=np.uint8)
            flash.program(offset, argument)
        elif argument > offset:
            cells[offset // SECTOR * SECTOR : -(-argument // SECTOR) * SECTOR] = 0xFF
            flash.erase(offset, argument)
    assert flash.read(0, SIZE) == cells.tobytes()
    assert flash.md5(100, 5000) == hashlib.md5(cells[100:5100].tobytes()).digest()


def test_erasing_nothing_takes_no_time() -> None:
    assert Flash(SIZE).erase(SECTOR, SECTOR) == 0.0


def test_erasing_takes_what_the_data_sheet_says() -> None:
    flash = Flash()
    assert flash.erase(SECTOR, SECTOR + 1) == constants.SECTOR_ERASE
    assert flash.erase(BLOCK, 3 * BLOCK) == pytest.approx(2 * constants.BLOCK_ERASE)
    mixed = flash.erase(BLOCK - SECTOR, 2 * BLOCK + 2 * SECTOR)
    assert mixed == pytest.approx(constants.BLOCK_ERASE + 3 * constants.SECTOR_ERASE)
    assert flash.erase(0, flash.size) == constants.CHIP_ERASE


def test_programming_takes_time_for_each_page_touched() -> None:
    flash = Flash(SIZE)
    assert flash.program(0, bytes(256)) == constants.PAGE_PROGRAM
    assert flash.program(1, bytes(256)) == 2 * constants.PAGE_PROGRAM
    assert flash.program(0, b"") == 0.0


def test_worn_cells_keep_what_they_hold() -> None:
    flash = Flash(SIZE, worn=range(10, 12))
    flash.program(8, bytes(6))
    assert flash.read(8, 6) == b"\0\0\xff\xff\0\0"


def test_identity_tells_the_density() -> None:
    assert Flash(4 << 20).command(0x9F, 0, b"") == bytes((0xEF, 0x40, 0x16))
    assert Flash(1 << 20).command(0x9F, 0, b"") == bytes((0xEF, 0x40, 0x14))


def test_discoverable_parameters_have_their_signature_and_density() -> None:
    parameters = Flash(4 << 20).command(0x5A, 0, b"")
    assert parameters[:4] == b"SFDP"
    table = int.from_bytes(parameters[12:15], "little")
    assert len(parameters) == table + 4 * parameters[11]
    assert int.from_bytes(parameters[table + 4 : table + 8], "little") + 1 == 8 * (4 << 20)
    assert Flash().command(0x5A, 1, b"") == parameters[1:]


def test_status_is_written_only_when_enabled() -> None:
    flash = Flash(SIZE)
    before = flash.command(0x05, 0, b"")
    flash.command(0x01, 0, b"\x1c")
    assert flash.command(0x05, 0, b"") == before
    flash.command(0x06, 0, b"")
    flash.command(0x01, 0, b"\x1c\x02")
    assert flash.command(0x05, 0, b"") + flash.command(0x35, 0, b"") == b"\x1c\x02"
    flash.command(0x01, 0, b"\x00")
    assert flash.command(0x05, 0, b"") == b"\x1c"


def test_a_size_that_no_flash_has_is_refused() -> None:
    with pytest.raises(ValueError, match="power of two"):
        Flash(3 << 20)
