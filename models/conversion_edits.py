"""Two corrections to what TensorFlow's converter writes, each in place: no size changes."""

import struct
from collections.abc import Iterator
from typing import Any

import tflite

_CELL_CLIP = 6
"""Place of ``cell_clip`` in the vtable of ``UnidirectionalSequenceLSTMOptions`` (schema.fbs)."""


def corrected(model: bytes) -> bytes:
    """A converted model that computes what the network does, in bytes that are always the same."""
    edited = bytearray(model)
    root = tflite.Model.GetRootAs(edited)
    _lift_cell_clip(edited, root)
    _clear_unused_buffers(root)
    return bytes(edited)


def _lift_cell_clip(edited: bytearray, root: Any) -> None:
    """Let the LSTM's cell state go beyond +-10.

    For every fused LSTM the converter writes ``cell_clip`` 10 (lstm_utils.cc), which Keras's layer
    does not have. Trained cells reach +-100, so the outputs would differ from Keras's by 0.01; zero
    means no clipping, and they agree within 1e-5.
    """
    for operator in _operators(root):
        if operator.BuiltinOptionsType() == tflite.BuiltinOptions.UnidirectionalSequenceLSTMOptions:
            options = operator.BuiltinOptions()
            place = options.Offset(_CELL_CLIP)
            if place:
                struct.pack_into("<f", edited, options.Pos + place, 0.0)


def _clear_unused_buffers(root: Any) -> None:
    """Zero the buffers that nothing refers to.

    Quantization leaves two behind that held the LSTM's initial state, with 0 / 0 converted to
    integers: arbitrary bytes, which differ between two conversions of one network.
    """
    used = {tensor.Buffer() for tensor in _tensors(root)}
    used |= {root.Metadata(i).Buffer() for i in range(root.MetadataLength())}
    for index in set(range(root.BuffersLength())) - used:
        buffer = root.Buffers(index)
        if buffer.DataLength():
            buffer.DataAsNumpy()[:] = 0


def _graphs(root: Any) -> Iterator[Any]:
    return (root.Subgraphs(i) for i in range(root.SubgraphsLength()))


def _operators(root: Any) -> Iterator[Any]:
    return (graph.Operators(i) for graph in _graphs(root) for i in range(graph.OperatorsLength()))


def _tensors(root: Any) -> Iterator[Any]:
    return (graph.Tensors(i) for graph in _graphs(root) for i in range(graph.TensorsLength()))
