"""Whether a variant fits and runs: each step has its figure, and the first not kept decides."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.device import deployability
from bench.device.arena import plan_arena
from bench.device.deployability import (
    BENCH,
    PAPER_APP_RANGE,
    Step,
    check_model,
    check_outputs,
    check_time,
    paper_profile,
)
from bench.device.images import APP_PARTITION, MODEL_OFFSET
from bench.report.files import load_report
from models.flatbuffer import read
from models.graph import Operator, Quantisation, Tensor

DATA = Path(__file__).parents[1] / "data"
BASELINES = Path(__file__).parents[2] / "limits" / "baselines"
STEPS_F = 6
DIFFERENCE = 1e-4
SCALE = 1 / 256


def model(name: str) -> bytes:
    return (DATA / f"{name}.tflite").read_bytes()


def output(*shape: int, quantisation: Quantisation | None = None) -> Tensor:
    dtype = "float32" if quantisation is None else "int8"
    return Tensor(0, "output", shape, dtype, None, None, False, quantisation)


FLOAT = output(1, 3)
INT8 = output(1, 3, quantisation=Quantisation((SCALE,), (-128,), 0))


@pytest.mark.parametrize("name", ["tiny-L", "tiny-D", "tiny-F", "tiny_lstm-L", "tiny_lstm-F"])
def test_a_small_model_keeps_every_step(name: str) -> None:
    steps = check_model(model(name), BENCH)
    assert [step.name for step in steps] == ["converts", "operators", "flash", "arena"]
    assert all(step.kept for step in steps)
    flash, arena = steps[2:]
    assert flash.figure == len(model(name)) + MODEL_OFFSET
    assert (flash.limit, flash.unit) == (0x2F0000, "B")
    assert arena.figure == plan_arena(read(model(name))).total


@pytest.mark.parametrize("content", [b"", b"no model at all", model("tiny-L")[:2000]])
def test_what_is_no_model_does_not_convert(content: bytes) -> None:
    (step,) = check_model(content, BENCH)
    assert (step.name, step.kept) == ("converts", False)
    assert ".tflite" in step.note


def test_a_hybrid_lstm_is_refused_by_name() -> None:
    steps = check_model(model("hybrid_lstm-D"), BENCH)
    assert [step.name for step in steps if not step.kept] == ["operators"]
    assert steps[-1].name == "operators"
    assert "hybrid UNIDIRECTIONAL_SEQUENCE_LSTM" in steps[-1].note


def test_an_operator_without_inputs_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = read(model("tiny-L"))
    handle = Operator(len(tiny.operators), "VAR_HANDLE", 1, (), tiny.outputs, (), {})
    stateful = replace(tiny, operators=(*tiny.operators, handle))
    monkeypatch.setattr(deployability, "read", lambda _: stateful)
    step = check_model(b"", BENCH)[-1]
    assert (step.name, step.kept) == ("operators", False)
    assert "VAR_HANDLE" in step.note


def test_an_arena_that_is_too_small_is_refused_with_its_figures() -> None:
    step = check_model(model("large_arena-L"), BENCH)[-1]
    assert (step.name, step.kept, step.limit) == ("arena", False, 160 * 1024)
    assert step.figure is not None
    assert step.figure > 160 * 1024
    assert step.margin == 160 * 1024 - step.figure
    assert str(step).startswith("arena: NOT kept")


@pytest.mark.parametrize(("spare", "kept"), [(0, True), (-1, False)])
def test_the_flash_is_full_to_the_last_byte(spare: int, kept: bool) -> None:
    content = model("tiny-L")
    room = len(content) + MODEL_OFFSET + spare
    step = check_model(content, replace(BENCH, room=room))[2]
    assert (step.name, step.kept, step.margin) == ("flash", kept, spare)


@pytest.mark.parametrize(("spare", "kept"), [(0, True), (-1, False)])
def test_the_arena_is_full_to_the_last_byte(spare: int, kept: bool) -> None:
    content = model("tiny-F")
    size = plan_arena(read(content)).total + spare
    step = check_model(content, replace(BENCH, arena=size))[-1]
    assert (step.name, step.kept) == ("arena", kept)


def test_the_papers_layout_says_whether_its_application_was_built() -> None:
    inferred, built = paper_profile(), paper_profile(700_000)
    assert "inferred" in inferred.overhead_from
    assert (built.overhead, built.overhead_from) == (700_000, "built")
    step = check_model(model("tiny-L"), built)[2]
    assert step.figure == 700_000 + len(model("tiny-L"))
    assert step.limit == APP_PARTITION
    assert "built" in step.note


def test_the_inferred_application_leaves_room_for_what_was_published_to_fit() -> None:
    baseline = load_report(BASELINES / "uci-har.json")
    sizes = {record.variant: record.model.size for record in baseline.variants if record.model}
    low, high = PAPER_APP_RANGE
    assert (low, high) == (APP_PARTITION - sizes["C_6-L"], APP_PARTITION - sizes["C_5-L"])
    assert low < paper_profile().overhead < high


def test_an_inference_ends_before_the_next_window() -> None:
    assert check_time(1.28).kept
    late = check_time(1.29)
    assert not late.kept
    assert str(late) == "runs in time: NOT kept 1.29 of 1.28 s"


def test_a_step_without_figures_has_no_margin() -> None:
    step = Step("loads", False, "no memory")
    assert step.margin is None
    assert str(step) == "loads: NOT kept (no memory)"


@given(st.lists(st.integers(-128, 127), min_size=6, max_size=6), st.data())
def test_integer_outputs_may_differ_by_few_steps(stored: list[int], data: st.DataObject) -> None:
    off = data.draw(st.lists(st.integers(-STEPS_F, STEPS_F), min_size=6, max_size=6))
    expected = np.array(stored, np.int8).reshape(2, 3)
    seen = ((expected + 128.0 + np.reshape(off, (2, 3))) * SCALE).tolist()
    step = check_outputs(INT8, expected, seen, STEPS_F)
    assert step.kept
    assert step.figure == pytest.approx(max(map(abs, off)))
    assert (step.limit, step.unit) == (STEPS_F, "steps")
    seen[1][2] = (float(expected[1, 2]) + 128 + STEPS_F + 1) * SCALE
    assert not check_outputs(INT8, expected, seen, STEPS_F).kept


@given(
    st.lists(st.floats(0, 1, width=32), min_size=3, max_size=3),
    st.integers(0, 2),
    st.floats(-2, 2),
)
def test_float_outputs_may_differ_by_little(values: list[float], index: int, times: float) -> None:
    expected = np.array([values], np.float32)
    seen = expected.astype(np.float64)
    seen[0, index] += times * DIFFERENCE
    kept = check_outputs(FLOAT, expected, seen.tolist(), DIFFERENCE).kept
    if abs(abs(times) - 1) > 1e-3:
        assert kept is (abs(times) < 1)


def test_another_class_is_counted() -> None:
    expected = np.array([[0.9, 0.1, 0.0], [0.1, 0.9, 0.0]], np.float32)
    step = check_outputs(FLOAT, expected, [[0.1, 0.9, 0.0], [0.1, 0.9, 0.0]], DIFFERENCE)
    assert not step.kept
    assert step.note == "2 windows, 1 of another class"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_wrong(value: float) -> None:
    expected = np.array([[0.5, 0.25, 0.25]], np.float32)
    step = check_outputs(FLOAT, expected, [[0.5, value, 0.25]], DIFFERENCE)
    assert (step.kept, step.figure) == (False, math.inf)


@pytest.mark.parametrize(
    "seen", [[], [[0.5, 0.5]], [[0.5, 0.25, 0.25]] * 2, [[]], [[0.5, 0.25, 0.25], [0.5]]]
)
def test_outputs_of_another_shape_are_wrong(seen: list[list[float]]) -> None:
    expected = np.array([[0.5, 0.25, 0.25]], np.float32)
    step = check_outputs(FLOAT, expected, seen, DIFFERENCE)
    assert not step.kept
    assert "wanted 1 outputs of 3 values" in step.note


def test_a_model_with_one_output_value_has_no_classes() -> None:
    single = output(1, 1)
    expected = np.array([[0.25], [0.5]], np.float32)
    assert check_outputs(single, expected, [[0.25], [0.50005]], DIFFERENCE).kept
    assert not check_outputs(single, expected, [[0.25], [0.6]], DIFFERENCE).kept


@pytest.mark.parametrize("name", ["tiny-L", "tiny-D", "tiny-F"])
def test_golden_outputs_equal_themselves(name: str) -> None:
    tensor = read(model(name)).output
    with np.load(DATA / f"{name}.npz") as golden:
        outputs = golden["outputs"]
    seen = tensor.to_real(outputs).reshape(len(outputs), -1).tolist()
    assert check_outputs(tensor, outputs, seen, 0.0).figure == 0.0
