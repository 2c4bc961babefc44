"""The tensor arena that a model needs on the device, planned as TensorFlow Lite Micro plans it.

The head of the arena holds tensors that live from their first writer to their last reader. TFLM
places the largest first, each at the lowest offset where it fits among those already placed that
live at the same time (its ``GreedyMemoryPlanner``); `head_bytes` does the same and agrees with it
to the byte. The tail holds what lasts: a structure for each tensor and operator, what each kernel
keeps, and variable tensors. The sizes below are those of a 32-bit core: the arenas of all networks
of the paper under L and F, run as ESP32 machine code in an emulator, follow from them to the byte.
Only the sums over the two families were observed; how they divide among kernels is by the sizes
that the same kernels keep on a 64-bit host. What the firmware's own kernel for hybrid dense layers
takes is what TFLM gave it on a 32-bit x86, where the arenas of the C networks under L and F come
out as on the ESP32.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from models.flatbuffer import FlatModel
from models.graph import Operator

ALIGNMENT = 16
EVAL_TENSOR = 12
"""``TfLiteEvalTensor``: two pointers and a type."""
NODE = 32
"""``NodeAndRegistration``: seven pointers and a size."""
INTERPRETER = 268
"""The allocator's and interpreter's own, with the input's and output's ``TfLiteTensor``."""
KERNEL_FLOAT = {
    "RESHAPE": 0,
    "STRIDED_SLICE": 0,
    "CONV_2D": 112,
    "MAX_POOL_2D": 36,
    "FULLY_CONNECTED": 52,
    "SOFTMAX": 144,
    "ADD": 152,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": 812,
}
"""Bytes that a kernel keeps, by operator, float32."""
KERNEL_INT8 = KERNEL_FLOAT | {"SOFTMAX": 1044, "UNIDIRECTIONAL_SEQUENCE_LSTM": 2048}
"""The same for int8; the softmax keeps a table of exponentials."""
KERNEL_HYBRID_DENSE = KERNEL_FLOAT["FULLY_CONNECTED"] - 32
"""Three words in place of the stock kernel's twelve, both rounded up to 16 bytes."""
HANDLE = 4
"""``ScratchBufferHandle``: a pointer for each buffer of scratch."""
OTHER_KERNEL = 152
"""Assumed for an operator that was not observed: as much as the largest simple one."""


@dataclass(frozen=True)
class Arena:
    """Bytes of arena: `head` for tensors that come and go, `tail` for what lasts."""

    head: int
    tail: int

    @property
    def total(self) -> int:
        """Both together."""
        return self.head + self.tail


@dataclass(frozen=True)
class _Buffer:
    """`size` bytes needed from operator `first` to operator `last`, both included."""

    size: int
    first: int
    last: int

    def meets(self, other: "_Buffer") -> bool:
        return self.first <= other.last and other.first <= self.last


def plan_arena(model: FlatModel) -> Arena:
    """The arena that `model` needs on a 32-bit core."""
    return Arena(head_bytes(model), tail_bytes(model))


def head_bytes(model: FlatModel) -> int:
    """Bytes of the arena's head: tensors and kernels' scratch, placed greedily by size."""
    buffers = sorted(_buffers(model), key=lambda buffer: -buffer.size)
    placed: list[tuple[int, _Buffer]] = []
    for buffer in buffers:
        placed.append((_lowest_gap(buffer, placed), buffer))
    return max((offset + buffer.size for offset, buffer in placed), default=0)


def _lowest_gap(buffer: _Buffer, placed: Iterable[tuple[int, _Buffer]]) -> int:
    offset = 0
    for taken, other in sorted(placed, key=lambda place: place[0]):
        if not buffer.meets(other):
            continue
        if taken - offset >= buffer.size:
            break
        offset = max(offset, taken + other.size)
    return offset


def _buffers(model: FlatModel) -> Iterator[_Buffer]:
    last = {index: operator.index for operator in model.operators for index in operator.inputs}
    first = {index: operator.index for operator in model.operators for index in operator.outputs}
    first |= dict.fromkeys(model.inputs, 0)
    last |= dict.fromkeys(model.outputs, len(model.operators) - 1)
    for tensor in model.tensors:
        if tensor.data is None and not tensor.variable and tensor.index in first:
            begin = first[tensor.index]
            yield _Buffer(_align(tensor.nbytes), begin, last.get(tensor.index, begin))
    for operator in model.operators:
        for size in _scratch(model, operator):
            yield _Buffer(_align(size), operator.index, operator.index)


def _scratch(model: FlatModel, operator: Operator) -> tuple[int, ...]:
    """Bytes of scratch that the operator's kernel asks for while it runs."""
    kernel = model.kernel(operator)
    if kernel.operator == "FULLY_CONNECTED" and kernel.hybrid:
        return (model.tensors[operator.inputs[1]].shape[1],)  # a row as int8, one after the other
    if kernel.operator == "UNIDIRECTIONAL_SEQUENCE_LSTM":
        batch = model.tensors[operator.outputs[0]].shape[0]
        units = model.tensors[operator.outputs[0]].shape[-1]
        width = 4 if kernel.input == "float32" else 2
        return (batch * units * width,) * 4
    return ()


def tail_bytes(model: FlatModel) -> int:
    """Bytes of the arena's tail on a 32-bit core."""
    structures = len(model.tensors) * EVAL_TENSOR + len(model.operators) * NODE
    variables = sum(_align(tensor.nbytes) for tensor in model.tensors if tensor.variable)
    kernels = sum(_kept(model, operator) for operator in model.operators)
    return INTERPRETER + structures + variables + kernels + _handles_of_hybrids(model)


def _handles_of_hybrids(model: FlatModel) -> int:
    """Bytes that the handles of hybrid operators' scratch add; LSTMs count theirs as kept.

    They stand together, and what is allocated next is aligned: variable tensors, else a pointer.
    """
    own = sum(model.kernel(operator).hybrid for operator in model.operators)
    every = sum(len(_scratch(model, operator)) for operator in model.operators)
    behind = 0 if any(tensor.variable for tensor in model.tensors) else HANDLE
    return _align(HANDLE * every + behind) - _align(HANDLE * (every - own) + behind)


def _kept(model: FlatModel, operator: Operator) -> int:
    """Bytes that the operator's kernel keeps between inferences."""
    if operator.name == "FULLY_CONNECTED" and model.kernel(operator).hybrid:
        return KERNEL_HYBRID_DENSE
    integer = model.tensors[operator.inputs[0]].dtype == "int8"
    kept = KERNEL_INT8 if integer else KERNEL_FLOAT
    own = kept.get(operator.name, OTHER_KERNEL)
    if operator.name == "CONV_2D":  # multiplier and shift of each filter, int32 each
        own += 2 * _align(4 * model.tensors[operator.outputs[0]].shape[-1])
    return own


def _align(size: int) -> int:
    return (size + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT
