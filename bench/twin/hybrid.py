"""FULLY_CONNECTED of float32 activations with int8 weights, as LiteRT computes it.

TensorFlow Lite Micro refuses this pair of types; the firmware brings a kernel of its own. The input
of each row is quantised to int8 when it is known (asymmetric where the operator says so), products
are summed as int32, and the sum is scaled by the input's and the weights' scales.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.flatbuffer import FlatModel
from models.graph import Operator, Tensor

ACTIVATIONS = {0: (-np.inf, np.inf), 1: (0.0, np.inf), 2: (-1.0, 1.0), 3: (0.0, 6.0)}
"""Ends of the fused activations that the kernel has, by ``ActivationFunctionType``: none, ReLU,
ReLU from -1 to 1, ReLU up to 6."""


def dense(model: FlatModel, operator: Operator, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The operator's (rows, units) output for rows of float32; float where its weights are float.

    Args:
        model: Of the operator.
        operator: A FULLY_CONNECTED whose activation is one of `ACTIVATIONS`.
        values: Of any shape; as many for each row as the operator has weights for each unit.
    """
    weights = model.tensors[operator.inputs[1]]
    rows = values.reshape(-1, weights.shape[1])
    if weights.quantisation is None:
        sums = rows @ weights.constant().T
    else:
        asymmetric = bool(operator.options.get("asymmetric_quantize_inputs"))
        sums = np.stack([_hybrid(weights, row, asymmetric) for row in rows])
    if len(operator.inputs) > 2 and operator.inputs[2] >= 0:
        sums = sums + model.tensors[operator.inputs[2]].constant()
    low, high = ACTIVATIONS[int(operator.options.get("fused_activation_function", 0))]
    return np.asarray(np.clip(sums, low, high), dtype=np.float32)


def _hybrid(weights: Tensor, row: NDArray[np.float32], asymmetric: bool) -> NDArray[np.float32]:
    assert weights.quantisation is not None
    kernel = weights.constant().astype(np.int32)
    stored, scale, zero_point = (_quantise_asymmetric if asymmetric else _quantise_symmetric)(row)
    sums = kernel @ stored.astype(np.int32) - zero_point * kernel.sum(axis=1)
    weight_scale = np.asarray(weights.quantisation.scale, dtype=np.float32)
    return np.asarray(sums.astype(np.float32) * np.float32(scale) * weight_scale)


def softmax(rows: NDArray[np.float32], beta: float) -> NDArray[np.float32]:
    """The softmax of each row times `beta`, float32."""
    powers = np.exp((rows - rows.max(axis=-1, keepdims=True)) * np.float32(beta))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), dtype=np.float32)


def _quantise_symmetric(row: NDArray[np.float32]) -> tuple[NDArray[np.int8], float, int]:
    largest = float(np.abs(row).max())
    if largest == 0.0:
        return np.zeros(len(row), dtype=np.int8), 1.0, 0
    scale = np.float32(largest / 127)
    stored = _round(row * np.float32(127 / largest))
    return np.clip(stored, -127, 127).astype(np.int8), float(scale), 0


def _quantise_asymmetric(row: NDArray[np.float32]) -> tuple[NDArray[np.int8], float, int]:
    low, high = min(0.0, float(row.min())), max(0.0, float(row.max()))
    if low == high:
        return np.zeros(len(row), dtype=np.int8), 1.0, 0
    scale = (high - low) / 255
    from_low, from_high = -128 - low / scale, 127 - high / scale
    low_error, high_error = 128 + abs(low / scale), 127 + abs(high / scale)
    exact = np.asarray(from_low if low_error < high_error else from_high)
    zero_point = int(np.clip(_round(exact), -128, 127))
    inverse = np.float32(1) / np.float32(scale)
    stored = _round(row * inverse + np.float32(zero_point))
    return np.clip(stored, -128, 127).astype(np.int8), scale, zero_point


def _round(values: NDArray[Any]) -> NDArray[Any]:
    """To whole numbers, halves away from zero, as C does."""
    half = values.dtype.type(0.5)
    return np.asarray(np.trunc(values + np.copysign(half, values)))
