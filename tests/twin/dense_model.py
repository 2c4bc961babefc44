"""A ``.tflite`` file with a dense layer, built from the schema without a converter."""

from dataclasses import dataclass

import flatbuffers  # type: ignore[import-untyped]  # it brings no types
import numpy as np
import tflite
from numpy.typing import NDArray

BETA = 0.5
"""Of a softmax behind the dense layer."""


@dataclass(frozen=True)
class Dense:
    """FULLY_CONNECTED of float32 with int8 weights; `scale` for all units or for each.

    Attributes:
        weights: (units, inputs) int8.
        scale: One, or as many as units.
        bias: (units,) float32, or None.
        asymmetric: Whether the input is quantised with a zero point.
        activation: Number of ``ActivationFunctionType``.
        rows: Of the input.
        behind: Number of a ``BuiltinOperator`` behind it, or None.
    """

    weights: NDArray[np.int8]
    scale: NDArray[np.float32]
    bias: NDArray[np.float32] | None = None
    asymmetric: bool = True
    activation: int = 0
    rows: int = 1
    behind: int | None = None

    def tflite(self) -> bytes:
        """The file."""
        return _Writer(self).content()


class _Writer:
    def __init__(self, dense: Dense) -> None:
        self._dense = dense
        self._builder = flatbuffers.Builder(1024)

    def content(self) -> bytes:
        dense = self._dense
        units, inputs = dense.weights.shape
        bias = np.zeros(units, np.float32) if dense.bias is None else dense.bias
        buffers = [self._buffer(data) for data in (b"", dense.weights.tobytes(), bias.tobytes())]
        kinds = tflite.TensorType
        tensors = [
            self._tensor((dense.rows, inputs), kinds.FLOAT32, 0),
            self._tensor((units, inputs), kinds.INT8, 1, self._quantisation(dense.scale)),
            self._tensor((units,), kinds.FLOAT32, 2),
            self._tensor((dense.rows, units), kinds.FLOAT32, 0),
        ]
        operators = [self._operator(0, [0, 1, -1 if dense.bias is None else 2], [3])]
        codes = [self._code(tflite.BuiltinOperator.FULLY_CONNECTED, 12)]
        if dense.behind is not None:
            tensors.append(self._tensor((dense.rows, units), kinds.FLOAT32, 0))
            operators.append(self._operator(1, [3], [4]))
            codes.append(self._code(dense.behind, 1))
        graph = self._graph(tensors, operators)
        vectors = (self._offsets(of) for of in (codes, [graph], buffers))
        return self._finished(*vectors)

    def _finished(self, codes: int, graphs: int, stores: int) -> bytes:
        b = self._builder
        tflite.ModelStart(b)
        tflite.ModelAddVersion(b, 3)
        tflite.ModelAddOperatorCodes(b, codes)
        tflite.ModelAddSubgraphs(b, graphs)
        tflite.ModelAddBuffers(b, stores)
        b.Finish(tflite.ModelEnd(b), b"TFL3")
        return bytes(b.Output())

    def _code(self, number: int, version: int) -> int:
        b = self._builder
        tflite.OperatorCodeStart(b)
        tflite.OperatorCodeAddBuiltinCode(b, number)
        tflite.OperatorCodeAddDeprecatedBuiltinCode(b, number)
        tflite.OperatorCodeAddVersion(b, version)
        return int(tflite.OperatorCodeEnd(b))

    def _graph(self, tensors: list[int], chain: list[int]) -> int:
        b = self._builder
        inputs, outputs = self._integers([0]), self._integers([len(tensors) - 1])
        all_tensors, operators = self._offsets(tensors), self._offsets(chain)
        tflite.SubGraphStart(b)
        tflite.SubGraphAddTensors(b, all_tensors)
        tflite.SubGraphAddInputs(b, inputs)
        tflite.SubGraphAddOutputs(b, outputs)
        tflite.SubGraphAddOperators(b, operators)
        return int(tflite.SubGraphEnd(b))

    def _operator(self, code: int, inputs: list[int], outputs: list[int]) -> int:
        b = self._builder
        options, kind = self._options() if code == 0 else self._beta()
        taken, given = self._integers(inputs), self._integers(outputs)
        tflite.OperatorStart(b)
        tflite.OperatorAddOpcodeIndex(b, code)
        tflite.OperatorAddInputs(b, taken)
        tflite.OperatorAddOutputs(b, given)
        tflite.OperatorAddBuiltinOptionsType(b, kind)
        tflite.OperatorAddBuiltinOptions(b, options)
        return int(tflite.OperatorEnd(b))

    def _options(self) -> tuple[int, int]:
        b, dense = self._builder, self._dense
        tflite.FullyConnectedOptionsStart(b)
        tflite.FullyConnectedOptionsAddFusedActivationFunction(b, dense.activation)
        tflite.FullyConnectedOptionsAddAsymmetricQuantizeInputs(b, dense.asymmetric)
        options = tflite.FullyConnectedOptionsEnd(b)
        return options, tflite.BuiltinOptions.FullyConnectedOptions

    def _beta(self) -> tuple[int, int]:
        """Options of a softmax; other operators do not read theirs."""
        b = self._builder
        tflite.SoftmaxOptionsStart(b)
        tflite.SoftmaxOptionsAddBeta(b, BETA)
        return tflite.SoftmaxOptionsEnd(b), tflite.BuiltinOptions.SoftmaxOptions

    def _tensor(self, shape: tuple[int, ...], kind: int, buffer: int, quantisation: int = 0) -> int:
        b = self._builder
        dimensions, name = self._integers(shape), b.CreateString("tensor")
        tflite.TensorStart(b)
        tflite.TensorAddShape(b, dimensions)
        tflite.TensorAddType(b, kind)
        tflite.TensorAddBuffer(b, buffer)
        tflite.TensorAddName(b, name)
        if quantisation:
            tflite.TensorAddQuantization(b, quantisation)
        return int(tflite.TensorEnd(b))

    def _quantisation(self, scale: NDArray[np.float32]) -> int:
        b = self._builder
        scales = b.CreateNumpyVector(scale)
        zero_points = b.CreateNumpyVector(np.zeros(len(scale), np.int64))
        tflite.QuantizationParametersStart(b)
        tflite.QuantizationParametersAddScale(b, scales)
        tflite.QuantizationParametersAddZeroPoint(b, zero_points)
        tflite.QuantizationParametersAddQuantizedDimension(b, 0)
        return int(tflite.QuantizationParametersEnd(b))

    def _buffer(self, data: bytes) -> int:
        b = self._builder
        vector = 0
        if data:
            b.StartVector(1, len(data), 16)
            b.head -= len(data)
            b.Bytes[b.head : b.head + len(data)] = data
            vector = b.EndVector()
        tflite.BufferStart(b)
        if vector:
            tflite.BufferAddData(b, vector)
        return int(tflite.BufferEnd(b))

    def _integers(self, values: object) -> int:
        return int(self._builder.CreateNumpyVector(np.array(values, dtype=np.int32)))

    def _offsets(self, offsets: list[int]) -> int:
        b = self._builder
        b.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            b.PrependUOffsetTRelative(offset)
        return int(b.EndVector())
