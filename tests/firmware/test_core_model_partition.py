"""The model partition as the core reads it: what was encoded, and no damage."""

import struct
import zlib

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bench.device.images import (
    ALIGNMENT,
    MAX_CHANNELS,
    MODEL_OFFSET,
    ModelImage,
    Standardisation,
    encode_model,
)
from tests.firmware.echo_board import Device, EchoBoard, tensor

pytestmark = pytest.mark.usefixtures("each_core")


def texts(most: int) -> st.SearchStrategy[str]:
    letters = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
    return st.text(letters, max_size=most).filter(lambda text: len(text.encode()) <= most)


images = st.builds(ModelImage, texts(48), texts(8), st.binary(max_size=300))
IMAGE = ModelImage("C_5", "D", bytes(range(100)), Standardisation((0.5, -1.0), (2.0, 0.25)))


def booted(partition: bytes) -> Device:
    return Device(EchoBoard(tensor("float32", 4), tensor("float32", 4)), partition)


def refusal(partition: bytes) -> str:
    """Why a partition is refused."""
    device = booted(partition)
    assert device.board.loaded is None
    (line,) = device.ask("model")
    assert line.startswith("e-[")
    assert device.ask("infer 1") == [line]
    return line


@given(images, st.binary(max_size=64))
def test_what_was_encoded_is_loaded(image: ModelImage, behind: bytes) -> None:
    device = booted(encode_model(image) + behind)
    assert device.board.loaded == (image.name, image.technique, image.model, MODEL_OFFSET)
    assert device.ask("model")[2:] == [
        f"m-model-bytes-{len(image.model)}",
        f"m-model-crc-{image.crc:08x}",
    ]


@given(texts(48))
@example("a]\r\nm-ready\r\n")
def test_a_name_cannot_break_the_protocol(name: str) -> None:
    device = booted(encode_model(ModelImage(name, "L", b"")))
    shown = "".join(chr(c) if 32 <= c < 127 else "?" for c in name.encode())
    assert device.ask("model")[0] == f"m-model-name-[{shown}]"
    assert device.ask("profile")[1] == f"m-model-[{shown}-L]"


@given(st.integers(1, MAX_CHANNELS), st.data())
def test_every_channel_has_its_own_mean_and_scale(channels: int, data: st.DataObject) -> None:
    numbers = st.floats(-1e3, 1e3, width=32)
    mean = tuple(data.draw(numbers) for _ in range(channels))
    scale = tuple(abs(data.draw(numbers)) + 1.0 for _ in range(channels))
    image = ModelImage("x", "L", b"", Standardisation(mean, scale))
    echoed = tensor("float32", 2, channels)
    values = np.linspace(-5.0, 5.0, 2 * channels, dtype=np.float32).reshape(2, channels)
    seen = Device(EchoBoard(echoed, echoed), image).infer(values.tobytes())
    expected = (values - np.array(mean, np.float32)) / np.array(scale, np.float32)
    assert np.array_equal(np.array(seen, np.float32), expected.ravel())


def test_no_bit_of_a_header_or_model_may_differ() -> None:
    content = encode_model(IMAGE)
    for byte in (*range(204), *range(MODEL_OFFSET, MODEL_OFFSET + len(IMAGE.model))):
        for bit in range(8):
            damaged = bytearray(content)
            damaged[byte] ^= 1 << bit
            assert "flash " in refusal(bytes(damaged))


@given(st.integers(0, len(encode_model(IMAGE)) - ALIGNMENT))
def test_a_cut_partition_is_refused(length: int) -> None:
    assert "flash " in refusal(encode_model(IMAGE)[:length])


@given(st.binary(min_size=1, max_size=2 * MODEL_OFFSET))
@example(b"\xff" * 1024)
@example(b"HARM")
def test_a_partition_without_a_model_is_refused(partition: bytes) -> None:
    assert "wanted 'HARM': flash a model first" in refusal(partition)


def with_header(at: int, layout: str, *numbers: int) -> bytes:
    """A partition whose header holds other numbers, with a checksum that is right."""
    header = bytearray(encode_model(IMAGE)[:200])
    struct.pack_into(layout, header, at, *numbers)
    return bytes(header) + struct.pack("<I", zlib.crc32(header)) + bytes(200)


@pytest.mark.parametrize(
    ("partition", "why"),
    [
        (with_header(4, "<H", 2), "layout 2 with 2 channels, wanted layout 1 with at most 16"),
        (with_header(6, "<H", 17), "layout 1 with 17 channels"),
        (with_header(8, "<I", 2**32 - 1), "model of 4294967295 bytes in a partition of 404:"),
        (with_header(8, "<I", 197), "model of 197 bytes in a partition of 404:"),
        (with_header(8, "<I", 196), "CRC-32 of the model is"),
        (b"", "no model partition in the partition table"),
    ],
)
def test_a_header_that_cannot_be_followed_is_refused(partition: bytes, why: str) -> None:
    assert why in refusal(partition)
