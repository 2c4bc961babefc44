"""What runs the flashed model on the twin.

A model whose operators TensorFlow Lite Micro has runs in real TFLM. TFLM refuses a graph with
hybrid operators, so there everything before the dense layers runs in LiteRT, and the dense layers
and the softmax in the firmware's own kernels.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bench.device.arena import plan_arena
from bench.device.deployability import BENCH
from bench.errors import DeviceError
from bench.twin.core.interface import library
from bench.twin.core.kernels import ACTIVATIONS, Kernels
from bench.twin.cost_model import OperatorCost, Settings, costs
from models.errors import ModelsError
from models.flatbuffer import FlatModel, read
from models.graph import Operator

Values = NDArray[Any]

ARENA_SIZE = BENCH.arena
"""Bytes that the firmware takes for the arena from the largest heap block after boot (180 KiB)."""


class Engine(Protocol):
    """Computes a model's output tensor from its input tensor, both in the tensors' own types."""

    def invoke(self, values: Values) -> Values:
        """Run once; shapes are the tensors'."""


@dataclass(frozen=True)
class Runtime:
    """A loaded model: values from `engine`, time and current from the cost model.

    Attributes:
        model: Its graph.
        engine: What computes it.
        arena_bytes: What the model needs of the arena.
        costs: Of each operator of one inference.
    """

    model: FlatModel
    engine: Engine
    arena_bytes: int
    costs: tuple[OperatorCost, ...]

    def invoke(self, content: bytes) -> bytes:
        """The output tensor's bytes for an input tensor's."""
        tensor = self.model.input
        values = np.frombuffer(content, dtype=tensor.dtype).reshape(tensor.shape)
        return self.engine.invoke(values).tobytes()

    @property
    def steps(self) -> tuple[tuple[float, float], ...]:
        """Current (A) and time (s) of each operator of one inference."""
        return tuple((cost.amps, cost.seconds) for cost in self.costs)


Loader: TypeAlias = Callable[[bytes, int, Settings], Runtime]
"""Loads the model at an address of flash, as `load` does."""


def load(content: bytes, address: int, settings: Settings, arena_size: int = ARENA_SIZE) -> Runtime:
    """Load a ``.tflite`` file that begins at `address` in bytes of flash.

    Raises:
        DeviceError: The device could not load it; the message is what its console answers.
    """
    try:
        model = read(content)
        arena = plan_arena(model).total
        if arena > arena_size:
            raise DeviceError(f"arena too small: model needs {arena} bytes, {arena_size} are there")
        engine = _engine(content, model)
        return Runtime(model, engine, arena, costs(model, address, settings))
    except ModelsError as error:
        raise DeviceError(f"model: {error}") from error


def _engine(content: bytes, model: FlatModel) -> Engine:
    kinds = {operator.name for operator in model.operators if model.kernel(operator).hybrid}
    if not kinds:
        return _Tflm(content)
    if kinds != {"FULLY_CONNECTED"}:
        raise DeviceError(f"model: no hybrid kernel for {', '.join(sorted(kinds))}")
    return _HybridTail(content, model)


class _Tflm:
    def __init__(self, content: bytes) -> None:
        from tflite_micro.python.tflite_micro import runtime

        try:
            self._interpreter = runtime.Interpreter.from_bytes(content)
        except RuntimeError as error:
            raise DeviceError(f"model: TFLM does not load it: {error}") from error

    def invoke(self, values: Values) -> Values:
        self._interpreter.reset()  # an LSTM's state lasts from one inference to the next
        self._interpreter.set_input(values, 0)
        self._interpreter.invoke()
        return np.array(self._interpreter.get_output(0))


class _HybridTail:
    """LiteRT up to the first dense layer, the firmware's kernels from there on."""

    def __init__(self, content: bytes, model: FlatModel) -> None:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        first = next(op for op in model.operators if op.name == "FULLY_CONNECTED")
        self._model, self._tail = model, model.operators[first.index :]
        for operator in self._tail:
            _check_kernel(operator)
        self._interpreter = Interpreter(
            model_content=content,
            num_threads=1,
            experimental_op_resolver_type=OpResolverType.BUILTIN_REF,  # alike on every processor
            experimental_preserve_all_tensors=True,
        )
        self._interpreter.allocate_tensors()
        self._between = first.inputs[0]
        self._kernels = Kernels(library())

    def invoke(self, values: Values) -> Values:
        self._interpreter.reset_all_variables()
        self._interpreter.set_tensor(self._model.inputs[0], values)
        self._interpreter.invoke()
        rows = self._interpreter.get_tensor(self._between)
        for operator in self._tail:
            rows = self._kernels.operator(self._model, operator, rows)
        return np.asarray(rows.reshape(self._model.output.shape))


def _check_kernel(operator: Operator) -> None:
    """Whether the firmware's own kernels have what stands behind a hybrid dense layer."""
    activation = operator.options.get("fused_activation_function", 0)
    if operator.name not in ("FULLY_CONNECTED", "SOFTMAX"):
        raise DeviceError(f"model: no kernel for {operator.name} behind a hybrid dense layer")
    if operator.name == "FULLY_CONNECTED" and activation not in ACTIVATIONS:
        raise DeviceError(f"model: no hybrid dense kernel with activation {activation}")
