import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.twin.esp32.application import Description
from bench.twin.esp32.image import (
    ImageError,
    application_image,
    bootloader_image,
    checksum,
    read_image,
)

SMALL = application_image("har", "1.0", 512)


@settings(max_examples=30)
@given(
    st.text(st.characters(codec="ascii", min_codepoint=33), max_size=31),
    st.text(st.characters(codec="ascii", min_codepoint=33), max_size=31),
    st.integers(32, 400).map(lambda sixteenths: 16 * sixteenths),
    st.sampled_from([1 << 20, 2 << 20, 4 << 20, 16 << 20]),
    st.binary(max_size=64),
)
def test_an_image_says_what_it_was_made_of(
    name: str, version: str, size: int, flash_bytes: int, behind: bytes
) -> None:
    data = application_image(name, version, size, flash_bytes)
    assert len(data) == size
    image = read_image(data + behind)
    assert image.length == size
    assert image.flash_bytes == flash_bytes
    assert image.description == Description(name, version)


def test_an_application_holds_its_content_and_refuses_what_does_not_fit() -> None:
    data = application_image("har", "1", 4096, content=b"a model" * 100)
    assert b"a model" * 100 in data
    assert read_image(data).description == Description("har", "1")
    with pytest.raises(ValueError, match="wanted more"):
        application_image("har", "1", 512, content=bytes(400))


# What is neither magic, chip, segments' lengths nor their data is covered by the hash.
@settings(max_examples=100)
@given(st.integers(0, 8 * len(SMALL) - 1))
def test_no_bit_of_an_image_may_differ(bit: int) -> None:
    damaged = bytearray(SMALL)
    damaged[bit // 8] ^= 1 << bit % 8
    if bit // 8 == 23:  # whether a hash follows is the one byte that removes its own check
        return
    with pytest.raises(ImageError):
        read_image(bytes(damaged))


@given(st.binary(max_size=300))
def test_noise_is_no_image(data: bytes) -> None:
    with pytest.raises(ImageError):
        read_image(b"\xe9" + data)


def test_a_cut_image_is_refused() -> None:
    with pytest.raises(ImageError):
        read_image(SMALL[:-40])


def test_an_image_for_another_chip_is_refused() -> None:
    body = SMALL[:12] + b"\x09" + SMALL[13:-32]
    with pytest.raises(ImageError, match="chip id 0x0009"):
        read_image(body + hashlib.sha256(body).digest())


def test_a_bootloader_declares_the_flash_and_no_description() -> None:
    image = read_image(bootloader_image(2 << 20))
    assert (image.flash_bytes, image.description) == (2 << 20, None)


def test_the_checksum_of_nothing_is_its_seed() -> None:
    assert checksum(b"") == 0xEF
    assert checksum(b"\xef\x01") == 0x01


@pytest.mark.parametrize(("size", "name"), [(500, "har"), (256, "har"), (512, "x" * 32)])
def test_an_image_that_cannot_be_made_is_refused(size: int, name: str) -> None:
    with pytest.raises(ValueError, match="wanted"):
        application_image(name, "1", size)


def test_esptool_accepts_the_image(tmp_path: Path) -> None:
    path = tmp_path / "app.bin"
    path.write_bytes(application_image("har-bench", "2.3.4", 65536))
    command = [sys.executable, "-m", "esptool", "--chip", "esp32", "image-info", str(path)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    said = " ".join(output.split())
    assert "Image size: 65536 bytes" in said
    assert "Flash size: 4MB" in said
    assert "Project name: har-bench" in said
    assert "App version: 2.3.4" in said
    assert said.count("(valid)") == 2
    assert "invalid" not in said
