"""What the core makes of numbers: standardised, quantised, and said in nine digits."""

import struct
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bench.device.images import ModelImage, Standardisation
from models.graph import Quantisation, Tensor
from tests.firmware.echo_board import NAME, Device, EchoBoard, echo, tensor

pytestmark = pytest.mark.usefixtures("each_core")

floats = st.integers(0, 2**32 - 1).map(lambda bits: struct.unpack("<f", struct.pack("<I", bits))[0])


CORNERS = [0.0, -0.0, 2.0**-149, 2.0**-126, 1e-4, 9.9999997e-5, 0.5, 16777216.0, 999999999.0, 1e9]
TIES = [1000000.125, 1000000.375, 1000000.625]
"""Exactly half way between two texts of nine digits."""
LARGEST = 3.4028234663852886e38


def said_as_printf_says_it(value: float) -> None:
    single = float(np.float32(value))
    device = echo("float32", 1)
    device.load(struct.pack("<f", single))
    assert device.ask("infer 1 0")[-1] == f"m-results-[{single:.9g}]"


@pytest.mark.parametrize(
    "value", [*CORNERS, *TIES, LARGEST, -LARGEST, float("inf"), float("-inf"), float("nan")]
)
def test_a_result_at_a_corner_is_said_as_printf_says_it(value: float) -> None:
    said_as_printf_says_it(value)


@settings(max_examples=1000)
@given(floats)
def test_a_result_is_said_as_printf_says_it(value: float) -> None:
    said_as_printf_says_it(value)


def quantised(dtype: str, scale: float, zero_point: int, *shape: int) -> Tensor:
    rounded = float(np.float32(scale))
    return replace(tensor(dtype, *shape), quantisation=Quantisation((rounded,), (zero_point,), 0))


@settings(max_examples=300)
@given(
    st.sampled_from(["int8", "uint8", "int16"]),
    st.floats(2.0**-20, 2.0**10, width=32),
    st.integers(0, 127),
    st.floats(-100, 100, width=32),
    st.floats(2.0**-10, 2.0**10, width=32),
    st.lists(st.floats(-1e6, 1e6, width=32), min_size=6, max_size=6),
)
@example("int8", 0.5, 3, 0.0, 1.0, [0.25, -0.25, 0.75, -0.75, 1e6, -1e6])
def test_raw_values_are_standardised_and_quantised_as_numpy_does(
    dtype: str, scale: float, zero_point: int, mean: float, divisor: float, values: list[float]
) -> None:
    held = quantised(dtype, scale, zero_point, 3, 2)
    image = ModelImage(NAME, "F", b"model", Standardisation((mean, 0.0), (divisor, 1.0)))
    raw = np.array(values, np.float32).reshape(3, 2)
    seen = Device(EchoBoard(held, held), image).infer(raw.tobytes())
    standard = (raw - np.array([mean, 0.0], np.float32)) / np.array([divisor, 1.0], np.float32)
    assert np.array_equal(
        np.array(seen, np.float32), held.to_real(held.to_stored(standard)).ravel()
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_saturated(value: float) -> None:
    held = quantised("int8", 0.5, 0, 1)
    image = ModelImage(NAME, "F", b"model", Standardisation((0.0,), (1.0,)))
    (seen,) = Device(EchoBoard(held, held), image).infer(struct.pack("<f", value))
    assert seen == (63.5 if value > 0 else -64.0)


@pytest.mark.parametrize("dtype", ["float32", "int8", "uint8", "int16", "int32"])
@pytest.mark.parametrize("shape", [(1,), (3, 5), (1, 7, 2, 2)])
def test_a_tensor_of_any_shape_and_type_is_taken_as_it_is(
    dtype: str, shape: tuple[int, ...]
) -> None:
    values = np.arange(-3, int(np.prod(shape)) - 3).astype(dtype)
    assert echo(dtype, *shape).infer(values.tobytes()) == values.tolist()


@pytest.mark.parametrize(
    ("held", "channels", "why"),
    [
        (tensor("float32", 5), 2, "do not divide into the channels"),
        (tensor("int8", 4), 2, "an integer tensor without scale"),
        (quantised("int32", 0.5, 0, 4), 2, "a tensor of this type"),
    ],
)
def test_a_tensor_that_cannot_take_standardised_values_is_refused(
    held: Tensor, channels: int, why: str
) -> None:
    standardisation = Standardisation((0.0,) * channels, (1.0,) * channels)
    device = Device(EchoBoard(held, held), ModelImage(NAME, "F", b"model", standardisation))
    device.load(bytes(4 * int(np.prod(held.shape))))
    (answer,) = device.ask("infer 1")
    assert why in answer


def test_an_input_that_leaves_no_room_for_its_tensor_is_refused() -> None:
    held = quantised("int8", 0.5, 0, 16000)
    image = ModelImage(NAME, "F", b"model", Standardisation((0.0,), (1.0,)))
    device = Device(EchoBoard(held, held), image)
    device.ask("db load 64000")
    for _ in range(32):
        device.ask(b"db " + b"00" * 2000)
    assert device.ask("infer 1") == [
        "e-[input: no room for a tensor of 16000 bytes, 1536 are left]"
    ]
