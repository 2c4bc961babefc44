"""The firmware's own kernels for dense layers and softmax, for the tail of a hybrid model."""

import ctypes
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.flatbuffer import FlatModel
from models.graph import Operator

Floats = NDArray[np.float32]

ACTIVATIONS = frozenset({0, 1, 2, 3})
"""Fused activations that they have, by ``ActivationFunctionType``: none, ReLU, ReLU from -1 to 1,
ReLU up to 6."""


@dataclass(frozen=True)
class Kernels:
    """The functions of ``har_hybrid_dense.h`` for arrays.

    A layer that cannot be computed is a `ValueError` with the number of its ``har::Status``.
    """

    library: ctypes.CDLL

    def hybrid_dense(
        self,
        weights: NDArray[np.int8],
        scales: Floats,
        bias: Floats | None,
        rows: Floats,
        *,
        asymmetric: bool,
        activation: int = 0,
        scratch_bytes: int | None = None,
    ) -> Floats:
        """(rows, units) for rows of float32 and (units, inputs) weights of int8."""
        units, inputs = weights.shape
        output = np.full((len(rows), units), np.nan, np.float32)
        scratch = np.zeros(inputs if scratch_bytes is None else scratch_bytes, np.int8)
        status = self.library.har_hybrid_dense(
            _at(weights), _at(scales), len(scales), _at(bias), units, inputs,
            int(asymmetric), activation, _at(rows), len(rows), _at(scratch), len(scratch),
            _at(output),
        )  # fmt: skip
        return _unless(status, output)

    def float_dense(
        self, weights: Floats, bias: Floats | None, rows: Floats, activation: int = 0
    ) -> Floats:
        """(rows, units) for rows and (units, inputs) weights of float32."""
        units, inputs = weights.shape
        output = np.full((len(rows), units), np.nan, np.float32)
        status = self.library.har_float_dense(
            _at(weights), _at(bias), units, inputs, activation, _at(rows), len(rows), _at(output)
        )
        return _unless(status, output)

    def softmax(self, rows: Floats, beta: float) -> Floats:
        """The softmax of each row times `beta`."""
        output = np.full_like(rows, np.nan)
        count, width = rows.shape
        status = self.library.har_softmax(
            _at(rows), count, width, ctypes.c_float(beta), _at(output)
        )
        return _unless(status, output)

    def operator(self, model: FlatModel, operator: Operator, values: Floats) -> Floats:
        """What a FULLY_CONNECTED or SOFTMAX of a model gives for its input's values."""
        if operator.name == "SOFTMAX":
            rows = values.reshape(-1, values.shape[-1])
            return self.softmax(np.ascontiguousarray(rows), float(operator.options["beta"]))
        weights = model.tensors[operator.inputs[1]]
        has_bias = len(operator.inputs) > 2 and operator.inputs[2] >= 0
        bias = model.tensors[operator.inputs[2]].constant() if has_bias else None
        rows = np.ascontiguousarray(values.reshape(-1, weights.shape[1]))
        activation = int(operator.options.get("fused_activation_function", 0))
        if weights.quantisation is None:
            return self.float_dense(weights.constant(), bias, rows, activation)
        return self.hybrid_dense(
            weights.constant(),
            np.asarray(weights.quantisation.scale, np.float32),
            bias,
            rows,
            asymmetric=bool(operator.options.get("asymmetric_quantize_inputs")),
            activation=activation,
        )


def _at(values: NDArray[Any] | None) -> ctypes.c_void_p:
    if values is None:
        return ctypes.c_void_p(None)
    assert values.flags.c_contiguous
    return ctypes.c_void_p(values.ctypes.data)


def _unless(status: int, output: Floats) -> Floats:
    if status:
        raise ValueError(f"status {status}")
    return output
