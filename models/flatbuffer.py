"""Reading a ``.tflite`` file: its operators, tensors and constants.

Needs neither TensorFlow nor a runtime, so it also serves where none is installed::

    model = read(path.read_bytes())
    for operator in model.operators:
        print(model.kernel(operator))        # FULLY_CONNECTED float32 x int8 > float32
    model.tensors[model.inputs[0]].to_stored(window)

The schema is TensorFlow Lite's ``schema.fbs``, version 3, through the package ``tflite``. Only the
main subgraph is read: the others belong to control flow, which shows as an operator (``WHILE``).
"""

import inspect
import re
import struct
from typing import Any

import numpy as np
import tflite

from models.errors import ModelsError
from models.graph import FlatModel, Kernel, Operator, Quantisation, Tensor

__all__ = ["FlatModel", "Kernel", "ModelFileError", "Operator", "Quantisation", "Tensor", "read"]

IDENTIFIER = b"TFL3"
"""Bytes 4 to 8 of every ``.tflite`` file."""

_BUFFER_DATA = 4
"""Slot of a buffer's bytes in its table: the first field of the schema's ``Buffer``."""

_DAMAGE = (
    struct.error,
    ValueError,
    IndexError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
)
"""What the flatbuffer reader raises, or returns nothing to work with, when an offset is wrong."""


class ModelFileError(ModelsError):
    """Bytes that are no readable ``.tflite`` file."""


def read(model: bytes) -> FlatModel:
    """The main subgraph of a ``.tflite`` file.

    Raises:
        ModelFileError: The bytes are truncated, damaged, of another format or of a newer schema.
    """
    if model[4:8] != IDENTIFIER:
        raise ModelFileError(
            f"not a .tflite file: {len(model):,} bytes with {model[4:8]!r} at byte 4, "
            f"where {IDENTIFIER!r} belongs; convert the network again"
        )
    try:
        return _Reader(model).model()
    except _DAMAGE as error:
        raise ModelFileError(
            f"damaged .tflite file of {len(model):,} bytes: {error or type(error).__name__}; "
            "convert the network again"
        ) from error


class _Reader:
    """Walks the schema's tables; each ``_``-method raises one of ``_DAMAGE`` on a wrong offset."""

    def __init__(self, model: bytes) -> None:
        self._size = len(model)
        self._root: Any = tflite.Model.GetRootAs(model)
        if self._root.Version() != 3:
            raise ValueError(f"schema version {self._root.Version()}, this program reads 3")
        self._graph: Any = self._root.Subgraphs(0)

    def model(self) -> FlatModel:
        tensors = tuple(self._tensor(i) for i in range(self._count(self._graph.TensorsLength())))
        count = self._count(self._graph.OperatorsLength())
        operators = tuple(self._operator(i) for i in range(count))
        read = FlatModel(
            operators,
            tensors,
            _integers(self._graph.InputsAsNumpy()),
            _integers(self._graph.OutputsAsNumpy()),
        )
        _check_indices(read)
        return read

    def _count(self, length: int) -> int:
        """A vector's length; one of offsets takes four bytes an element, so more is damage."""
        if length > self._size // 4:
            raise ValueError(f"a vector of {length:,} elements in a file of {self._size:,} bytes")
        return length

    def _tensor(self, index: int) -> Tensor:
        table = self._graph.Tensors(index)
        data, offset = self._data(table.Buffer())
        tensor = Tensor(
            index=index,
            name=(table.Name() or b"").decode(),
            shape=_integers(table.ShapeAsNumpy()),
            dtype=_TYPES[table.Type()],
            data=data,
            offset=offset,
            variable=bool(table.IsVariable()),
            quantisation=_quantisation(table.Quantization()),
        )
        if tensor.data is not None and len(tensor.data) != tensor.nbytes:
            raise ValueError(
                f"tensor {index} has {len(tensor.data):,} bytes, "
                f"its shape {tensor.shape} of {tensor.dtype} wants {tensor.nbytes:,}"
            )
        return tensor

    def _data(self, index: int) -> tuple[bytes | None, int | None]:
        """A buffer's bytes and where they begin."""
        if not 0 <= index < self._count(self._root.BuffersLength()):
            raise ValueError(f"buffer {index} of {self._root.BuffersLength()}")
        buffer = self._root.Buffers(index)
        if not buffer.DataLength():
            return None, None
        table = buffer._tab  # noqa: SLF001  # the generated reader hides where a vector begins
        return buffer.DataAsNumpy().tobytes(), table.Vector(table.Offset(_BUFFER_DATA))

    def _operator(self, index: int) -> Operator:
        table = self._graph.Operators(index)
        if table.OpcodeIndex() >= self._count(self._root.OperatorCodesLength()):
            raise ValueError(f"operator {index} has code {table.OpcodeIndex()}, which is not there")
        code = self._root.OperatorCodes(table.OpcodeIndex())
        # Files written before the schema had more than 127 operators use the old field.
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        custom = number == tflite.BuiltinOperator.CUSTOM
        return Operator(
            index=index,
            name=code.CustomCode().decode() if custom else _OPERATORS[number],
            version=code.Version(),
            inputs=_integers(table.InputsAsNumpy()),
            outputs=_integers(table.OutputsAsNumpy()),
            intermediates=_integers(table.IntermediatesAsNumpy()),
            options=_options(table),
        )


def _names(enumeration: type) -> dict[int, str]:
    return {number: name for name, number in vars(enumeration).items() if isinstance(number, int)}


_TYPES = {number: name.lower() for number, name in _names(tflite.TensorType).items()}
_OPERATORS = _names(tflite.BuiltinOperator)
_OPTIONS = _names(tflite.BuiltinOptions)


def _integers(vector: Any) -> tuple[int, ...]:
    """A vector of integers; the reader gives 0 for one that is absent."""
    return tuple(int(element) for element in np.atleast_1d(vector)) if np.ndim(vector) else ()


def _quantisation(table: Any) -> Quantisation | None:
    if table is None or not table.ScaleLength():
        return None
    scale = tuple(float(value) for value in table.ScaleAsNumpy())
    zero_point = _integers(table.ZeroPointAsNumpy()) or (0,) * len(scale)
    if len(scale) != len(zero_point):
        raise ValueError(f"{len(scale)} scales with {len(zero_point)} zero points")
    return Quantisation(scale, zero_point, int(table.QuantizedDimension()))


def _options(operator: Any) -> dict[str, int | float | bool]:
    """The scalar fields of the operator's options; vectors and strings are left out."""
    union = operator.BuiltinOptions()
    if union is None:
        return {}
    kind = getattr(tflite, _OPTIONS[operator.BuiltinOptionsType()])
    table = kind()
    table.Init(union.Bytes, union.Pos)
    values = {_snake_case(name): getattr(table, name)() for name in _scalar_fields(kind)}
    return {name: v for name, v in values.items() if isinstance(v, int | float | bool)}


def _scalar_fields(kind: type) -> list[str]:
    return [
        name
        for name, member in vars(kind).items()
        if inspect.isfunction(member)
        and len(inspect.signature(member).parameters) == 1
        and not name.endswith(("AsNumpy", "Length", "IsNone"))
    ]


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _check_indices(model: FlatModel) -> None:
    """Every index of a tensor points at one; -1 is allowed for an operator's inputs."""
    count = len(model.tensors)
    for operator in model.operators:
        wrong = [i for i in operator.inputs if not -1 <= i < count]
        wrong += [i for i in operator.outputs + operator.intermediates if not 0 <= i < count]
        if wrong:
            raise ValueError(f"{operator.name} uses tensors {wrong} of {count}")
    wrong = [i for i in model.inputs + model.outputs if not 0 <= i < count]
    if wrong or not model.inputs or not model.outputs:
        raise ValueError(f"inputs {model.inputs} and outputs {model.outputs} of {count} tensors")
