"""The firmware's own dense kernel against LiteRT's."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bench.twin import hybrid
from models.flatbuffer import read
from tests.twin.dense_model import Dense

DATA = Path(__file__).parents[1] / "data"
Floats = NDArray[np.float32]


def litert(dense: Dense, values: Floats) -> NDArray[Any]:
    interpreter = Interpreter(
        model_content=dense.tflite(),
        num_threads=1,
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
    )
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values)
    interpreter.invoke()
    return np.array(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))


def ours(dense: Dense, values: Floats) -> Floats:
    model = read(dense.tflite())
    return hybrid.dense(model, model.operators[0], values)


def step(dense: Dense, values: Floats) -> float:
    """What one step of one quantised input changes in an output at most."""
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    width = (high - low) / 255 if dense.asymmetric else max(-low, high) / 127
    return width * 127 * float(dense.scale.max())


def layer(draw: np.random.Generator, units: int, inputs: int, **told: Any) -> Dense:
    """Random weights; per channel if told."""
    scales = units if told.pop("per_channel", False) else 1
    return Dense(
        draw.integers(-127, 128, (units, inputs)).astype(np.int8),
        draw.uniform(1e-3, 1e-1, scales).astype(np.float32),
        draw.normal(size=units).astype(np.float32) if told.pop("bias", False) else None,
        **told,
    )


@settings(max_examples=80, deadline=None)
@given(
    st.integers(0, 2**32),
    st.integers(1, 20),
    st.integers(1, 300),
    st.integers(1, 3),
    st.fixed_dictionaries(
        {
            "asymmetric": st.booleans(),
            "per_channel": st.booleans(),
            "bias": st.booleans(),
            "activation": st.sampled_from(sorted(hybrid.ACTIVATIONS)),
        }
    ),
    st.sampled_from(["both", "positive", "negative", "zero"]),
    st.floats(1e-3, 1e3),
)
def test_it_computes_what_litert_computes(
    seed: int,
    units: int,
    inputs: int,
    rows: int,
    told: dict[str, Any],
    signs: str,
    magnitude: float,
) -> None:
    draw = np.random.default_rng(seed)
    values = (magnitude * draw.normal(size=(rows, inputs))).astype(np.float32)
    fold = {"both": values, "positive": np.abs(values), "negative": -np.abs(values)}
    values = fold.get(signs, np.zeros_like(values))
    dense = layer(draw, units, inputs, rows=rows, **told)
    expected = litert(dense, values)
    # An input that lies half way between two steps may be rounded either way.
    tolerance = max(1e-5 * float(np.abs(expected).max()), 1.01 * step(dense, values))
    assert ours(dense, values) == pytest.approx(expected, rel=0, abs=tolerance)
    assert np.mean(np.abs(ours(dense, values) - expected) > 1e-5 * np.abs(expected).max()) < 0.5


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("asymmetric", [False, True])
@pytest.mark.parametrize(
    "values",
    [
        [-2.5, 2.5, 0.25, -0.75, 0.0],  # its zero point lies half way between two
        [3.0, 0.0, 1.7, 2.9, 0.004],
        [-3.0, 0.0, -1.7, -2.9, -0.004],
        [0.0, 0.0, 0.0, 0.0, 0.0],
        [1e-30, -1e-30, 0.0, 5e-31, 1e-31],
    ],
)
def test_it_rounds_as_litert_does(values: list[float], asymmetric: bool, per_channel: bool) -> None:
    draw = np.random.default_rng(0)
    dense = layer(draw, 7, 5, asymmetric=asymmetric, per_channel=per_channel)
    row = np.array([values], np.float32)
    assert ours(dense, row) == pytest.approx(litert(dense, row), rel=1e-6, abs=0)


def test_each_row_is_quantised_by_its_own_range() -> None:
    draw = np.random.default_rng(1)
    values = (draw.normal(size=(3, 40)) * [[1e-3], [1.0], [1e3]]).astype(np.float32)
    dense = layer(draw, 5, 40, rows=3)
    assert ours(dense, values) == pytest.approx(litert(dense, values), rel=1e-5)


def test_float_weights_are_multiplied_as_they_are() -> None:
    model = read((DATA / "tiny-L.tflite").read_bytes())
    operator = next(op for op in model.operators if op.name == "FULLY_CONNECTED")
    weights, bias = (model.tensors[index].constant() for index in operator.inputs[1:])
    row = np.random.default_rng(2).normal(size=(1, weights.shape[1])).astype(np.float32)
    expected = np.maximum(row @ weights.T.astype(np.float64) + bias, 0.0)
    assert hybrid.dense(model, operator, row) == pytest.approx(expected, abs=1e-5)


@given(
    st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=8), st.sampled_from([0.5, 1.0])
)
def test_a_softmax_is_taken_of_each_row(values: list[float], beta: float) -> None:
    rows = np.array([values, values[::-1]], np.float32)
    exact = np.exp((np.array(values) - max(values)) * beta)
    exact /= exact.sum()
    found = hybrid.softmax(rows, beta)
    assert found == pytest.approx(np.array([exact, exact[::-1]]), abs=1e-6)
    assert found.dtype == np.float32
