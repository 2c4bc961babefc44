"""What runs the flashed model on the twin: outputs as LiteRT's, and models that it refuses."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tflite
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray

from bench.device.arena import plan_arena
from bench.device.deployability import check_outputs
from bench.device.images import MODEL_OFFSET
from bench.errors import DeviceError
from bench.twin.cost_model import Settings, costs
from bench.twin.runtime import Runtime, load
from models.flatbuffer import read
from models.tolerance import output_tolerance
from tests.twin.dense_model import Dense

DATA = Path(__file__).parents[1] / "data"
ADDRESS = 0x110000 + MODEL_OFFSET
RUNNING = ["tiny-L", "tiny-D", "tiny-F", "tiny_lstm-L", "tiny_lstm-F"]


def content(name: str) -> bytes:
    return (DATA / f"{name}.tflite").read_bytes()


def loaded(model: bytes, **arena: int) -> Runtime:
    return load(model, ADDRESS, Settings(), **arena)


def output(runtime: Runtime, values: NDArray[Any]) -> NDArray[Any]:
    return np.frombuffer(runtime.invoke(values.tobytes()), dtype=runtime.model.output.dtype)


@pytest.mark.parametrize("name", RUNNING)
def test_golden_windows_give_the_golden_outputs(name: str) -> None:
    runtime = loaded(content(name))
    with np.load(DATA / f"{name}.npz") as golden:
        inputs, outputs = golden["inputs"], golden["outputs"]
    tensor = runtime.model.output
    seen = [tensor.to_real(output(runtime, values)).tolist() for values in inputs]
    step = check_outputs(tensor, outputs, seen, output_tolerance(runtime.model))
    assert step.kept, str(step)
    assert not np.array_equal(outputs[0], outputs[1])


@pytest.mark.parametrize("name", RUNNING)
def test_an_inference_leaves_nothing_behind(name: str) -> None:
    runtime = loaded(content(name))
    with np.load(DATA / f"{name}.npz") as golden:
        first, second = golden["inputs"]
    outputs = [output(runtime, values) for values in (first, second, first)]
    assert np.array_equal(outputs[0], outputs[2])


@pytest.mark.parametrize("name", RUNNING)
def test_arena_and_costs_are_those_of_the_planner_and_of_the_cost_model(name: str) -> None:
    model = read(content(name))
    runtime = loaded(content(name))
    assert runtime.arena_bytes == plan_arena(model).total
    assert runtime.costs == costs(model, ADDRESS, Settings())


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (b"", "model: not a .tflite file"),
        (content("tiny-L")[:3000], "model: damaged .tflite file"),
        (content("hybrid_lstm-D"), "model: no hybrid kernel for UNIDIRECTIONAL_SEQUENCE_LSTM"),
        (content("large_arena-L"), r"arena too small: model needs \d+ bytes, 163840 are there"),
    ],
)
def test_a_model_that_the_device_cannot_load_is_an_error(model: bytes, why: str) -> None:
    with pytest.raises(DeviceError, match=why):
        loaded(model)


@pytest.mark.parametrize("name", ["tiny-L", "tiny-D"])
def test_the_arena_may_be_full_to_the_last_byte(name: str) -> None:
    size = plan_arena(read(content(name))).total
    loaded(content(name), arena_size=size)
    with pytest.raises(DeviceError, match=rf"needs {size} bytes, {size - 1} are there"):
        loaded(content(name), arena_size=size - 1)


def hybrid(**told: int) -> Dense:
    draw = np.random.default_rng(0)
    weights = draw.integers(-127, 128, (4, 32)).astype(np.int8)
    return Dense(weights, np.array([0.01], np.float32), **told)  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    "dense", [hybrid(), hybrid(rows=3), hybrid(rows=3, behind=tflite.BuiltinOperator.SOFTMAX)]
)
def test_a_hybrid_model_gives_the_outputs_of_litert(dense: Dense) -> None:
    values = np.random.default_rng(1).normal(size=(dense.rows, 32)).astype(np.float32)
    interpreter = Interpreter(
        model_content=dense.tflite(),
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
    )
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values)
    interpreter.invoke()
    expected = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    assert output(loaded(dense.tflite()), values) == pytest.approx(
        expected.ravel(), rel=1e-5, abs=1e-6
    )


@pytest.mark.parametrize(
    ("dense", "why"),
    [
        (hybrid(behind=tflite.BuiltinOperator.LOGISTIC), "no kernel for LOGISTIC behind a hybrid"),
        (hybrid(activation=tflite.ActivationFunctionType.TANH), "dense kernel with activation 4"),
    ],
)
def test_what_the_hybrid_kernel_cannot_do_is_refused_when_it_is_loaded(
    dense: Dense, why: str
) -> None:
    with pytest.raises(DeviceError, match=why):
        loaded(dense.tflite())
