"""The cost of an inference, on graphs whose cost can be computed by hand."""

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bench.errors import BenchError
from bench.twin.constants import Constant, Constants, constants
from bench.twin.cost_model import FlashCache, OperatorCost, Settings, costs, multiply_accumulates
from models.flatbuffer import read
from models.graph import FlatModel, Operator, Quantisation, Tensor

DATA = Path(__file__).parents[1] / "data"
CLOCK = 160e6
FILL = 1.05e-6
CODE_LINES = 8000 // 32
ADDRESS = 0x0011_0000

# One operator of a kind after the other, its tensors numbered from 0: input, constants, output.


def value(index: int, *shape: int, dtype: str = "float32") -> Tensor:
    return Tensor(index, f"t{index}", shape, dtype, None, None, False, None)


def constant(index: int, *shape: int, dtype: str = "float32", offset: int = 0) -> Tensor:
    bare = value(index, *shape, dtype=dtype)
    scale = None if dtype == "float32" else Quantisation((1.0,), (0,), 0)
    return replace(bare, data=bytes(bare.nbytes), offset=offset, quantisation=scale)


def single(name: str, *tensors: Tensor, **options: int | bool) -> FlatModel:
    last = len(tensors) - 1
    operator = Operator(0, name, 1, tuple(range(last)), (last,), (), options)
    return FlatModel((operator,), tensors, (0,), (last,))


def dense(inputs: int, units: int, weights: str = "float32", values: str = "float32") -> FlatModel:
    return single(
        "FULLY_CONNECTED",
        value(0, 1, inputs, dtype=values),
        constant(1, units, inputs, dtype=weights),
        value(2, 1, units, dtype=values),
    )


def cost(model: FlatModel, **settings: object) -> OperatorCost:
    (found,) = costs(model, ADDRESS, replace(Settings(), **settings))  # type: ignore[arg-type]  # by name
    return found


OWN = 885 + 550
"""Cycles of an operator that is the only one of its inference."""


@pytest.mark.parametrize(
    ("model", "cycles"),
    [
        (dense(10, 4), 40 * 5.1),
        (dense(10, 4, "int8"), 40 * 9.4),
        (dense(10, 4, "int8", "int8"), 40 * 11.0),
        (
            single("CONV_2D", value(0, 1, 1, 9, 6), constant(1, 2, 1, 3, 6), value(2, 1, 1, 7, 2)),
            7 * 2 * 3 * 6 * 33.0,
        ),
        (single("MAX_POOL_2D", value(0, 1, 1, 8, 2), value(1, 1, 1, 4, 2)), 8 * 113.0),
        (single("SOFTMAX", value(0, 1, 6), value(1, 1, 6)), 6 * 375.0),
        (single("SOFTMAX", value(0, 1, 6, dtype="int8"), value(1, 1, 6, dtype="int8")), 6 * 660.0),
        (single("RESHAPE", value(0, 1, 6), value(1, 6, 1)), 24 * 0.87),
        (single("ADD", value(0, 1, 6), constant(1, 6), value(2, 1, 6)), 6 * 13.0),
        (
            single(
                "UNIDIRECTIONAL_SEQUENCE_LSTM",
                value(0, 1, 5, 3),
                *(constant(index, 2, 3) for index in range(1, 5)),
                *(constant(index, 2, 2) for index in range(5, 9)),
                *(constant(index, 2) for index in range(9, 13)),
                value(13, 1, 5, 2),
            ),
            5 * 4 * (2 * 3 + 2 * 2) * 23.0,
        ),
    ],
)
def test_an_operator_takes_its_cycles(model: FlatModel, cycles: float) -> None:
    found = cost(model)
    assert found.seconds == pytest.approx((OWN + cycles) / CLOCK)
    assert found.stalled == 0.0  # all that it reads stays in the cache
    assert found.amps == pytest.approx(0.0359 + 0.0038)


def test_the_first_operator_pays_for_the_interpreter() -> None:
    first = single("RESHAPE", value(0, 1, 6), value(1, 6, 1)).operators[0]
    second = replace(first, index=1, inputs=(1,), outputs=(2,))
    model = FlatModel((first, second), (value(0, 1, 6), value(1, 6, 1), value(2, 1, 6)), (0,), (2,))
    one, two = costs(model, ADDRESS, Settings())
    assert one.seconds - two.seconds == pytest.approx(550 / CLOCK)


def test_weights_that_do_not_fit_the_cache_are_fetched_in_each_inference() -> None:
    # 64 KB of weights go twice through every set of two ways, and take the code with them.
    found = cost(dense(160, 100), flash_mode="QIO 80")
    assert found.stalled == pytest.approx((160 * 100 * 4 / 32 + CODE_LINES) * FILL)
    assert found.seconds == pytest.approx((OWN + 16_000 * 5.1) / CLOCK + found.stalled)
    busy = found.seconds - found.stalled
    mean = (busy * 0.0359 + found.stalled * 0.0319) / found.seconds
    assert found.amps == pytest.approx(mean + 0.0038)


@pytest.mark.parametrize(
    ("mode", "fill"), [("DIO 40", 3.8e-6), ("DIO 80", 1.9e-6), ("QIO 40", 2.1e-6), ("QIO 80", FILL)]
)
def test_the_flash_mode_decides_how_long_a_line_takes(mode: str, fill: float) -> None:
    lines = 160 * 100 * 4 / 32 + CODE_LINES
    assert cost(dense(160, 100), flash_mode=mode).stalled == pytest.approx(lines * fill)


def test_an_lstm_scans_its_weights_once_for_each_time_step() -> None:
    def lstm(steps: int) -> FlatModel:
        return single(
            "UNIDIRECTIONAL_SEQUENCE_LSTM",
            value(0, 1, steps, 3),
            constant(1, 128, 64, offset=0),
            constant(2, 128, 64, offset=128 * 64 * 4),
            value(3, 1, steps, 2),
        )

    lines = 2 * 128 * 64 * 4 / 32
    assert cost(lstm(7)).stalled == pytest.approx((7 * lines + CODE_LINES) * FILL)
    assert multiply_accumulates(lstm(7), lstm(7).operators[0]) == 7 * 2 * 128 * 64


def test_time_in_an_lstms_input_may_come_first() -> None:
    shape = (5, 1, 3)
    model = single(
        "UNIDIRECTIONAL_SEQUENCE_LSTM", value(0, *shape), constant(1, 2, 3), value(2, 5, 1, 2),
        time_major=True,
    )  # fmt: skip
    assert multiply_accumulates(model, model.operators[0]) == 5 * 6


def test_the_clock_shortens_the_arithmetic_and_not_the_flash() -> None:
    slow, fast = cost(dense(160, 100), clock_mhz=80), cost(dense(160, 100), clock_mhz=240)
    assert slow.stalled == fast.stalled
    assert slow.seconds - slow.stalled == pytest.approx(3 * (fast.seconds - fast.stalled))
    assert slow.amps < fast.amps


def test_without_the_sensor_its_current_is_missing() -> None:
    model = dense(10, 4)
    assert cost(model).amps - cost(model, sensor=False).amps == pytest.approx(0.0038)
    assert Settings().idle_amps == pytest.approx(0.0278 + 0.0038)


@pytest.mark.parametrize("name", ["tiny-L", "tiny-D", "tiny-F", "tiny_lstm-L", "tiny_lstm-F"])
def test_the_ends_of_the_uncertainty_enclose_the_central_time(name: str) -> None:
    model = read((DATA / f"{name}.tflite").read_bytes())
    low, central, high = (
        sum(found.seconds for found in costs(model, ADDRESS, Settings(constants_at=end)))
        for end in ("low", "value", "high")
    )
    assert low < central < high


def test_multiply_accumulates_of_a_converted_network() -> None:
    model = read((DATA / "tiny-L.tflite").read_bytes())
    found = {
        (operator.index, operator.name): multiply_accumulates(model, operator)
        for operator in model.operators
    }
    counts = [count for count in found.values() if count]
    # 126 outputs of 2 filters over 3 x 6; 63 x 2 to 10 units; 10 to 6 activities.
    assert counts == [126 * 2 * 18, 126 * 10, 60]


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"flash_mode": "QIO 120"}, "flash mode 'QIO 120', wanted one of DIO 40, DIO 80"),
        ({"clock_mhz": 100}, "clock of 100 MHz, wanted one of 80, 160, 240"),
    ],
)
def test_settings_without_constants_are_an_error(settings: dict[str, object], why: str) -> None:
    with pytest.raises(BenchError, match=why):
        cost(dense(10, 4), **settings)


def test_a_kernel_that_the_firmware_does_not_have_is_an_error() -> None:
    with pytest.raises(BenchError, match=r"UNIDIRECTIONAL_SEQUENCE_LSTM .*no such kernel"):
        costs(read((DATA / "hybrid_lstm-D.tflite").read_bytes()), ADDRESS, Settings())


class Remembered:
    """A cache that remembers every line ever read, in order, and looks back."""

    def __init__(self, sets: int, ways: int, line: int) -> None:
        self._sets, self._ways, self._line = sets, ways, line
        self._read: list[int] = []

    def scan(self, address: int, length: int) -> int:
        lines = sorted({byte // self._line for byte in range(address, address + length)})
        return sum(self._fetches(line) for line in lines)

    def _fetches(self, line: int) -> bool:
        same_set = [other for other in self._read if other % self._sets == line % self._sets]
        latest = list(dict.fromkeys(reversed(same_set)))[: self._ways]
        self._read.append(line)
        return line not in latest


@given(
    st.sampled_from([1, 2, 4]),
    st.sampled_from([1, 2, 8]),
    st.sampled_from([4, 16]),
    st.lists(st.tuples(st.integers(0, 400), st.integers(1, 120)), max_size=25),
)
def test_the_cache_keeps_the_lines_used_last(
    ways: int, sets: int, line: int, scans: list[tuple[int, int]]
) -> None:
    cache, remembered = FlashCache(ways * sets * line, ways, line), Remembered(sets, ways, line)
    for address, length in scans:
        assert cache.scan(address, length) == remembered.scan(address, length)


def every_constant() -> Iterator[tuple[str, Constant]]:
    table = constants()
    yield from table.cycles.items()
    yield from table.line_fill.items()
    yield from ((name, getattr(table.cache, name)) for name in type(table.cache).model_fields)
    for state in ("idle", "active", "stalled"):
        for clock, amps in getattr(table.current, state).items():
            yield f"{state} {clock}", amps
    yield "light sleep", table.current.light_sleep
    yield "sensor", table.current.sensor
    yield from ((name, getattr(table.live, name)) for name in type(table.live).model_fields)


@pytest.mark.parametrize(("name", "found"), list(every_constant()))
def test_a_constant_has_a_source_and_lies_within_its_uncertainty(
    name: str, found: Constant
) -> None:
    assert len(found.source) > 10, name
    assert found.unit, name
    assert found.at("low") <= found.value <= found.at("high")
    assert found.value > 0
    assert (found.low is None) == (found.high is None)
    if found.kind in ("counted", "assumed"):
        assert found.at("low") < found.at("high"), f"{name} claims to be exact"


def test_no_constant_in_the_file_is_left_out() -> None:
    text = resources.files("bench.twin").joinpath("constants.toml").read_text(encoding="utf-8")
    assert text.count("kind = ") == len(list(every_constant()))


@pytest.mark.parametrize("clock", ["80", "160", "240"])
def test_derived_currents_follow_from_what_they_are_derived_from(clock: str) -> None:
    current = constants().current
    idle, active, stalled = (
        table[clock] for table in (current.idle, current.active, current.stalled)
    )
    assert idle.value < stalled.value < active.value
    assert active.value == pytest.approx((idle.value + active.at("high")) / 2, abs=51e-6)
    assert stalled.value == pytest.approx((idle.value + active.value) / 2, abs=51e-6)


@pytest.mark.parametrize(
    ("scaled", "convolution"),
    [
        ("pool_float", "conv_float"), ("softmax_float", "conv_float"),
        ("pool_int8", "conv_int8"), ("softmax_int8", "conv_int8"),
    ],
)  # fmt: skip
def test_ends_that_are_scaled_as_the_convolution_s_are(scaled: str, convolution: str) -> None:
    one, other = constants().cycles[scaled], constants().cycles[convolution]
    assert one.at("low") / one.value == pytest.approx(other.at("low") / other.value, rel=0.01)
    assert one.at("high") / one.value == pytest.approx(other.at("high") / other.value, rel=0.01)


def test_a_constant_without_a_source_is_refused() -> None:
    text = resources.files("bench.twin").joinpath("constants.toml").read_text(encoding="utf-8")
    content = tomllib.loads(text)
    content["cycles"]["copy"]["source"] = ""
    with pytest.raises(ValidationError, match=r"cycles\.copy\.source"):
        Constants.model_validate(content)
