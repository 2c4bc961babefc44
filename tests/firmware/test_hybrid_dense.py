"""The firmware's dense kernels against LiteRT's: the same numbers to one step of the input."""

import platform
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bench.device.arena import plan_arena
from bench.twin.core.kernels import Kernels
from models.architecture import features
from models.artefact import Artefact
from models.catalog import NETWORKS, Network, Technique, Variant
from models.dataset import load
from models.flatbuffer import read
from models.golden import read as read_golden
from models.graph import FlatModel, Operator
from models.paths import cache_root
from models.pipeline import Pipeline
from models.split import split
from models.store import Store
from tests.firmware.litert import Reference
from tests.twin.dense_model import Dense

Floats = NDArray[np.float32]
EXACT = platform.machine() in ("x86_64", "AMD64")
"""Where LiteRT's reference kernels compute what the firmware's do to the last bit; elsewhere its
own code for the processor may differ."""
ACTIVATIONS = {"none": 0, "ReLU": 1, "ReLU_N1_TO_1": 2, "ReLU6": 3}
ARENAS = {
    "C_1": 7544, "C_2": 7224, "C_3": 7224, "C_4": 8216, "C_5": 9256, "C_6": 13272, "C_7": 16328,
    "C_8": 25496, "CL_1": 11544, "CL_2": 12552, "CL_3": 14600, "CL_4": 18344, "CL_5": 18376,
    "CL_6": 18696,
}  # fmt: skip
"""Bytes that TFLM with this kernel used of the arena under D, built for a 32-bit core; those of
LSTMs are 16 more than on the x86 that it ran on, as under L, which aligns 64-bit numbers to 4."""
STATUS = {"shape": 1, "scales": 2, "activation": 3, "scratch": 4, "beta": 5}


def ours(kernels: Kernels, dense: Dense, values: Floats) -> Floats:
    return kernels.hybrid_dense(
        dense.weights,
        dense.scale,
        dense.bias,
        values,
        asymmetric=dense.asymmetric,
        activation=dense.activation,
    )


def step(rows: Floats, weights: NDArray[np.int8], scales: Floats, asymmetric: bool) -> Floats:
    """(rows, units): what one step of one quantised input changes in an output at most."""
    low, high = np.minimum(0, rows.min(axis=1)), np.maximum(0, rows.max(axis=1))
    width = (high - low) / 255 if asymmetric else np.maximum(-low, high) / 127
    largest = np.abs(weights.astype(np.float32)).max(axis=1) * scales
    return np.asarray(width[:, None] * largest, np.float32)


def assert_agrees(found: Floats, expected: Floats, steps: Floats) -> None:
    """To 1e-5 relative or one step of the input's quantisation, whichever is larger."""
    allowed = np.maximum(1e-5 * np.abs(expected), steps)
    assert np.all(np.abs(found - expected) <= allowed)


def layer(draw: np.random.Generator, units: int, inputs: int, **told: Any) -> Dense:
    """Random weights; a scale for each unit and a bias if told."""
    scales = units if told.pop("per_channel", False) else 1
    return Dense(
        draw.integers(-127, 128, (units, inputs)).astype(np.int8),
        draw.uniform(1e-3, 1e-1, scales).astype(np.float32),
        draw.normal(size=units).astype(np.float32) if told.pop("bias", False) else None,
        **told,
    )


@settings(max_examples=150, deadline=None)
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
            "activation": st.sampled_from(sorted(ACTIVATIONS.values())),
        }
    ),
    st.sampled_from(["both", "positive", "negative", "zero"]),
    st.floats(1e-3, 1e3),
)
def test_a_layer_of_any_shape_gives_what_litert_gives(
    kernels: Kernels,
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
    found, expected = ours(kernels, dense, values), Reference(dense.tflite()).run(values)
    assert_agrees(
        found, expected, step(values, dense.weights, dense.scale, asymmetric=dense.asymmetric)
    )
    if EXACT:
        assert np.array_equal(found, expected)


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_a_layer_of_each_networks_shape_gives_what_litert_gives(
    kernels: Kernels, network: Network
) -> None:
    draw = np.random.default_rng(0)
    inputs = features(network)
    dense = layer(draw, network.dense, inputs, per_channel=True, bias=True, activation=1)
    values = np.maximum(0, draw.normal(size=(1, inputs))).astype(np.float32)
    expected = Reference(dense.tflite()).run(values)
    assert ours(kernels, dense, values) == pytest.approx(expected, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("asymmetric", [False, True])
@pytest.mark.parametrize(
    "values",
    [
        [-2.5, 2.5, 0.25, -0.75, 0.0],  # its zero point lies half way between two
        [3.0, 0.0, 1.7, 2.9, 0.004],
        [-3.0, 0.0, -1.7, -2.9, -0.004],
        [127.0, 63.5, -63.5, 0.5, -0.5],  # halves, symmetric
        [255.0, 127.5, 0.5, 1.5, 254.5],  # halves, asymmetric
        [127.0, 0.49999997, -0.49999997, 1.4999999, 0.0],  # one bit below a half
        [0.0, 0.0, 0.0, 0.0, 0.0],
        [1e-30, -1e-30, 0.0, 5e-31, 1e-31],
        [1e38, -1e38, 3e37, 0.0, -1e37],
    ],
)
def test_a_row_is_rounded_as_litert_rounds_it(
    kernels: Kernels, values: list[float], asymmetric: bool, per_channel: bool
) -> None:
    draw = np.random.default_rng(0)
    dense = layer(draw, 7, 5, asymmetric=asymmetric, per_channel=per_channel)
    row = np.array([values], np.float32)
    expected = Reference(dense.tflite()).run(row)
    assert ours(kernels, dense, row) == pytest.approx(expected, rel=1e-6, abs=0)


def test_each_row_is_quantised_by_its_own_range(kernels: Kernels) -> None:
    draw = np.random.default_rng(1)
    values = (draw.normal(size=(3, 40)) * [[1e-3], [1.0], [1e3]]).astype(np.float32)
    dense = layer(draw, 5, 40, rows=3)
    together = ours(kernels, dense, values)
    alone = [ours(kernels, dense, values[i : i + 1])[0] for i in range(3)]
    assert np.array_equal(together, alone)
    assert together == pytest.approx(Reference(dense.tflite()).run(values), rel=1e-5)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("asymmetric", [False, True])
def test_a_row_that_is_not_finite_gives_no_number_and_leaves_the_others_alone(
    kernels: Kernels, bad: float, asymmetric: bool
) -> None:
    draw = np.random.default_rng(2)
    dense = layer(draw, 4, 9, asymmetric=asymmetric, activation=ACTIVATIONS["ReLU6"], rows=2)
    values = draw.normal(size=(2, 9)).astype(np.float32)
    sound = ours(kernels, dense, values)
    values[0, 3] = bad
    found = ours(kernels, dense, values)
    assert np.all(np.isnan(found[0]))
    assert np.array_equal(found[1], sound[1])
    assert np.all(np.isnan(kernels.softmax(found, 1.0)[0]))


@pytest.mark.parametrize("asymmetric", [False, True])
def test_a_row_too_small_for_its_scale_counts_as_zeros(kernels: Kernels, asymmetric: bool) -> None:
    row = np.array([[1e-40, -1e-40, 5e-41]], np.float32)
    found = kernels.hybrid_dense(
        np.eye(3, dtype=np.int8), np.ones(1, np.float32), None, row, asymmetric=asymmetric
    )
    assert np.array_equal(found, np.zeros((1, 3)))


@given(
    st.lists(
        st.lists(st.floats(-(2.0**126), 2.0**126, width=32), min_size=3, max_size=3),
        min_size=1,
        max_size=2,
    ),
    st.booleans(),
)
def test_any_finite_row_gives_an_output_within_half_a_step_of_the_exact_one(
    kernels: Kernels, values: list[list[float]], asymmetric: bool
) -> None:
    rows = np.array(values, np.float32)
    weights = np.eye(3, dtype=np.int8)
    found = kernels.hybrid_dense(weights, np.ones(1, np.float32), None, rows, asymmetric=asymmetric)
    steps = step(rows, weights, np.ones(1, np.float32), asymmetric)
    # half a step, and as much again where the range's end is moved to put zero on a step
    assert np.all(np.abs(found.astype(float) - rows) <= steps * 1.0001 + 1e-36)


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"weights": np.zeros((4, 0), np.int8)}, "shape"),
        ({"weights": np.zeros((0, 3), np.int8)}, "shape"),
        ({"weights": np.zeros((1, 65_001), np.int8)}, "shape"),
        ({"rows": np.zeros((0, 3), np.float32)}, "shape"),
        ({"scales": np.ones(2, np.float32)}, "scales"),
        ({"scales": np.ones(0, np.float32)}, "scales"),
        ({"activation": 4}, "activation"),
        ({"activation": -1}, "activation"),
        ({"scratch_bytes": 2}, "scratch"),
    ],
)
def test_what_cannot_be_computed_is_refused_by_its_reason(
    kernels: Kernels, told: dict[str, Any], reason: str
) -> None:
    sound: dict[str, Any] = {
        "weights": np.ones((4, 3), np.int8),
        "scales": np.ones(4, np.float32),
        "bias": None,
        "rows": np.ones((1, 3), np.float32),
        "asymmetric": True,
    }
    assert kernels.hybrid_dense(**sound) == pytest.approx(np.full((1, 4), 3.0))
    with pytest.raises(ValueError, match=f"status {STATUS[reason]}"):
        kernels.hybrid_dense(**(sound | told))


@given(
    st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=8), st.sampled_from([0.5, 1.0])
)
def test_a_softmax_is_taken_of_each_row(kernels: Kernels, values: list[float], beta: float) -> None:
    rows = np.array([values, values[::-1]], np.float32)
    exact = np.exp((rows.astype(float) - rows.max()) * beta)
    exact /= exact.sum(axis=1, keepdims=True)
    assert kernels.softmax(rows, beta) == pytest.approx(exact, rel=1e-5, abs=1e-37)


@pytest.mark.parametrize("beta", [0.0, -1.0, np.inf, np.nan])
def test_a_softmax_without_a_usable_beta_is_refused(kernels: Kernels, beta: float) -> None:
    with pytest.raises(ValueError, match=f"status {STATUS['beta']}"):
        kernels.softmax(np.ones((1, 6), np.float32), beta)


@cache
def trained() -> dict[Network, tuple[bytes, Floats] | None]:
    """Each network's D variant with its golden inputs, where the store has it."""
    pipeline = Pipeline(load(), split(0), store=Store(cache_root()))
    found = {
        network: pipeline.stored_variant(Variant(network, Technique.DYNAMIC))
        for network in NETWORKS.values()
    }
    return {
        network: None if artefact is None else _content(artefact)
        for network, artefact in found.items()
    }


def _content(artefact: Artefact) -> tuple[bytes, Floats]:
    windows = read_golden(artefact.golden).inputs
    return artefact.model.read_bytes(), windows.astype(np.float32)


def variant_of(network: Network) -> tuple[bytes, Floats]:
    stored = trained()[network]
    if stored is None:
        pytest.skip(f"{network.name}-D is not in the cache: run make sim first")
    return stored


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_a_trained_variants_arena_is_what_tflm_takes_with_this_kernel(network: Network) -> None:
    content, _ = variant_of(network)
    assert plan_arena(read(content)).total == ARENAS[network.name]


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_a_trained_variants_tail_gives_what_litert_gives(
    kernels: Kernels, network: Network, record_property: Any
) -> None:
    content, windows = variant_of(network)
    model, reference = read(content), Reference(content)
    first = next(op for op in model.operators if op.name == "FULLY_CONNECTED")
    largest = 0.0
    for window in windows:
        expected = reference.run(window.reshape(model.input.shape))
        values = reference.tensor(first.inputs[0])
        for operator in model.operators[first.index :]:
            found = kernels.operator(model, operator, values)
            values = reference.tensor(operator.outputs[0])  # so that no difference is carried on
            assert_agrees(found, values, steps_of(model, operator, reference))
            if EXACT and operator.name == "FULLY_CONNECTED":
                assert np.array_equal(found, values.reshape(found.shape))
            largest = max(largest, relative_difference(found, values))
        assert found.argmax() == expected.argmax()
    record_property("largest_relative_difference", largest)


def steps_of(model: FlatModel, operator: Operator, reference: Reference) -> Floats:
    """`step` of a hybrid operator; zero for one that quantises nothing."""
    weights = model.tensors[operator.inputs[1]] if len(operator.inputs) > 1 else None
    if weights is None or weights.quantisation is None:
        return np.zeros(1, np.float32)
    rows = reference.tensor(operator.inputs[0]).reshape(-1, weights.shape[1])
    scales = np.asarray(weights.quantisation.scale, np.float32)
    asymmetric = bool(operator.options["asymmetric_quantize_inputs"])
    return step(rows, weights.constant(), scales, asymmetric)


def relative_difference(found: Floats, expected: Floats) -> float:
    """The largest difference over the largest output."""
    return float(np.abs(found - expected).max() / np.abs(expected).max())
