"""The graph of a ``.tflite`` file as plain values: tensors, operators, kernels.

``models.flatbuffer.read`` makes them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Quantisation:
    """How integers stand for real numbers: real = scale x (stored - zero point).

    Attributes:
        scale: One scale, or one for each index along ``axis``.
        zero_point: As many zero points.
        axis: The tensor's dimension that several scales run along.
    """

    scale: tuple[float, ...]
    zero_point: tuple[int, ...]
    axis: int


@dataclass(frozen=True)
class Tensor:
    """A tensor of the main subgraph.

    Attributes:
        index: Its place in ``FlatModel.tensors``.
        name: The converter's name; it need not be unique.
        shape: Its dimensions; ``()`` for a scalar.
        dtype: The type's name as numpy spells it, such as ``float32`` or ``int8``.
        data: The bytes of a constant, else None.
        offset: Where in the file a constant's bytes begin, else None.
        variable: Whether it is a state that lasts from one inference to the next (the hidden and
            the cell state of an LSTM).
        quantisation: None for a tensor without scales.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    data: bytes | None
    offset: int | None
    variable: bool
    quantisation: Quantisation | None

    @property
    def nbytes(self) -> int:
        """Bytes that its elements take."""
        return prod(self.shape) * np.dtype(self.dtype).itemsize

    def constant(self) -> NDArray[Any]:
        """A constant's elements, of ``shape`` and ``dtype``.

        Raises:
            ValueError: The tensor is no constant.
        """
        if self.data is None:
            raise ValueError(f"tensor {self.index} ({self.name}) is no constant: it has no data")
        elements: NDArray[Any] = np.frombuffer(self.data, dtype=self.dtype)
        return elements.reshape(self.shape)

    def to_stored(self, values: ArrayLike) -> NDArray[Any]:
        """Real numbers of any shape as this tensor stores them.

        For an integer tensor that is value / scale + zero point, rounded half away from zero as the
        runtimes' QUANTIZE operator does and saturated at the type's ends.
        """
        real = np.asarray(values, dtype=np.float32)
        if self.quantisation is None:
            return real.astype(self.dtype)
        limits = np.iinfo(self.dtype)
        scaled = real / np.float32(self.quantisation.scale[0])
        steps = np.trunc(scaled + np.copysign(np.float32(0.5), scaled))
        stored = steps + self.quantisation.zero_point[0]
        saturated: NDArray[Any] = np.clip(stored, limits.min, limits.max)
        return saturated.astype(self.dtype)

    def to_real(self, stored: ArrayLike) -> NDArray[np.float32]:
        """What stored elements of this tensor stand for, as float32."""
        values = np.asarray(stored)
        if self.quantisation is None:
            return values.astype(np.float32)
        steps = values.astype(np.float32) - np.float32(self.quantisation.zero_point[0])
        return np.asarray(steps * np.float32(self.quantisation.scale[0]), dtype=np.float32)


@dataclass(frozen=True)
class Operator:
    """A step of the main subgraph, in the order of execution.

    Attributes:
        index: Its place in ``FlatModel.operators``.
        name: As in the schema's ``BuiltinOperator``, such as ``CONV_2D``; a custom operator's own.
        version: The operator's version, which rises with the features it uses.
        inputs: Indices of tensors; -1 for an optional input that is absent.
        outputs: Indices of tensors.
        intermediates: Tensors that only carry quantisation, of an integer LSTM.
        options: The scalar fields of the schema's options table, named as there, such as
            ``fused_activation_function`` (a number of ``ActivationFunctionType``: 0 none, 1 ReLU,
            4 tanh) or ``asymmetric_quantize_inputs``.
    """

    index: int
    name: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    intermediates: tuple[int, ...]
    options: Mapping[str, int | float | bool]


@dataclass(frozen=True, order=True)
class Kernel:
    """An operator with the types that decide which implementation runs it.

    Attributes:
        operator: The operator's name.
        input: Type of the first input.
        weights: Type of the weights, empty for an operator without; several, as an LSTM's gates
            may have, are joined by ``+``.
        output: Type of the first output.
    """

    operator: str
    input: str
    weights: str
    output: str

    @property
    def hybrid(self) -> bool:
        """Whether integer weights meet float activations (dynamic range quantization)."""
        return self.input.startswith("float") and "int" in self.weights

    def __str__(self) -> str:
        weights = f" x {self.weights}" if self.weights else ""
        return f"{self.operator} {self.input}{weights} > {self.output}"


_WEIGHTS = {
    "CONV_2D": slice(1, 2),
    "DEPTHWISE_CONV_2D": slice(1, 2),
    "TRANSPOSE_CONV": slice(1, 2),
    "FULLY_CONNECTED": slice(1, 2),
    # Four gates' input weights, then four gates' recurrent ones.
    "UNIDIRECTIONAL_SEQUENCE_LSTM": slice(1, 9),
}
"""Which inputs of an operator hold its weights."""


@dataclass(frozen=True)
class FlatModel:
    """The main subgraph of a ``.tflite`` file.

    Attributes:
        operators: In the order of execution.
        tensors: All of them, constants too.
        inputs: Indices of the tensors that are the model's inputs.
        outputs: Indices of those that are its outputs.
    """

    operators: tuple[Operator, ...]
    tensors: tuple[Tensor, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    @property
    def input(self) -> Tensor:
        """The first input."""
        return self.tensors[self.inputs[0]]

    @property
    def output(self) -> Tensor:
        """The first output."""
        return self.tensors[self.outputs[0]]

    def kernel(self, operator: Operator) -> Kernel:
        """The operator with its types."""
        weights = operator.inputs[_WEIGHTS.get(operator.name, slice(0))]
        return Kernel(
            operator.name,
            input=self._dtypes(operator.inputs[:1]),
            weights=self._dtypes(weights),
            output=self._dtypes(operator.outputs[:1]),
        )

    def kernels(self) -> Counter[Kernel]:
        """How often each operator occurs with each combination of types."""
        return Counter(self.kernel(operator) for operator in self.operators)

    def _dtypes(self, indices: Sequence[int]) -> str:
        return "+".join(sorted({self.tensors[index].dtype for index in indices if index >= 0}))
