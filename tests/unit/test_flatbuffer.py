import subprocess
import sys
from collections import Counter
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from hypothesis import given, settings
from hypothesis import strategies as st

from models.catalog import Technique
from models.flatbuffer import FlatModel, ModelFileError, Quantisation, Tensor, read
from tests.unit.small_models import Small, small_models


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Small]:
    return small_models(tmp_path_factory)


@pytest.fixture(scope="session", params=["C_2-L", "C_2-F", "CL_1-D", "CL_1-F", "wide-D"])
def model(request: pytest.FixtureRequest, small: dict[str, Small]) -> bytes:
    network, technique = request.param.split("-")
    return small[network].tflite[Technique(technique)]


def _kernels(model: FlatModel) -> Counter[str]:
    return Counter({str(kernel): count for kernel, count in model.kernels().items()})


@pytest.mark.parametrize(("technique", "type_"), [("L", "float32"), ("F", "int8")])
def test_tells_the_operators_of_a_cnn_with_their_types(
    small: dict[str, Small], technique: str, type_: str
) -> None:
    assert _kernels(read(small["C_2"].tflite[Technique(technique)])) == {
        f"RESHAPE {type_} > {type_}": 2,
        f"CONV_2D {type_} x {type_} > {type_}": 1,
        f"MAX_POOL_2D {type_} > {type_}": 1,
        f"FULLY_CONNECTED {type_} x {type_} > {type_}": 2,
        f"SOFTMAX {type_} > {type_}": 1,
    }


def test_tells_hybrid_kernels_from_others(small: dict[str, Small]) -> None:
    hybrid = {
        name: {
            str(kernel) for kernel in read(net.tflite[Technique.DYNAMIC]).kernels() if kernel.hybrid
        }
        for name, net in small.items()
    }
    dense = "FULLY_CONNECTED float32 x int8 > float32"
    lstm = "UNIDIRECTIONAL_SEQUENCE_LSTM float32 x int8 > float32"
    assert hybrid == {"C_2": {dense}, "CL_1": {dense}, "wide": {dense, lstm}}


def test_tells_how_a_hybrid_dense_layer_is_to_be_computed(small: dict[str, Small]) -> None:
    model = read(small["C_2"].tflite[Technique.DYNAMIC])
    first, second = (op for op in model.operators if op.name == "FULLY_CONNECTED")
    weights = model.tensors[first.inputs[1]]
    assert first.options["asymmetric_quantize_inputs"] is True
    assert (
        first.options["fused_activation_function"],
        second.options["fused_activation_function"],
    ) == (1, 0)
    assert weights.quantisation is not None
    assert (len(weights.quantisation.scale), weights.quantisation.axis) == (100, 0)
    assert weights.constant().shape == (100, 126)


def test_tells_which_tensors_are_the_lstm_s_state(small: dict[str, Small]) -> None:
    state = [t for t in read(small["CL_1"].tflite[Technique.FULL_INTEGER]).tensors if t.variable]
    assert [(t.shape, t.dtype, t.data) for t in state] == [
        ((1, 16), "int8", None),
        ((1, 16), "int16", None),
    ]


def test_tensors_are_those_that_litert_sees(model: bytes) -> None:
    interpreter = Interpreter(
        model_content=model,
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    read_model = read(model)
    for seen in interpreter.get_tensor_details():
        if seen["index"] >= len(read_model.tensors):  # scratch that LiteRT adds
            continue
        tensor = read_model.tensors[seen["index"]]
        scales = seen["quantization_parameters"]
        assert tensor.name == seen["name"]
        if seen["shape"].size and "intermediate" not in tensor.name:
            assert tensor.shape == tuple(seen["shape"])
            assert np.dtype(tensor.dtype) == seen["dtype"]
        if len(scales["scales"]):
            assert tensor.quantisation is not None
            assert tensor.quantisation.scale == tuple(scales["scales"].tolist())
            assert tensor.quantisation.zero_point == tuple(scales["zero_points"].tolist())
            assert tensor.quantisation.axis == scales["quantized_dimension"]
        if tensor.data is not None:
            np.testing.assert_array_equal(tensor.constant(), interpreter.get_tensor(tensor.index))
    assert read_model.input.index == interpreter.get_input_details()[0]["index"]
    assert read_model.output.index == interpreter.get_output_details()[0]["index"]


def _tensor(dtype: str, scale: float, zero_point: int) -> Tensor:
    quantisation = Quantisation((scale,), (zero_point,), 0)
    return Tensor(0, "x", (1,), dtype, None, None, variable=False, quantisation=quantisation)


@given(
    values=st.lists(st.floats(-1e6, 1e6, width=32), min_size=1),
    scale=st.floats(2**-10, 8, width=32),
    zero_point=st.integers(-128, 127),
)
def test_a_stored_value_is_the_nearest_that_the_type_has(
    values: list[float], scale: float, zero_point: int
) -> None:
    tensor = _tensor("int8", scale, zero_point)
    stored = tensor.to_stored(values)
    lowest, highest = tensor.to_real([-128, 127])
    wanted = np.clip(np.array(values, dtype=np.float32), lowest, highest)
    assert stored.dtype == np.int8
    assert np.abs(tensor.to_real(stored) - wanted).max() <= scale * 0.5001


def test_halves_are_rounded_away_from_zero_as_runtimes_do() -> None:
    stored = _tensor("int8", 1.0, 10).to_stored([0.5, 1.5, -0.5, -1.5, 1e9, -1e9])
    assert stored.tolist() == [11, 12, 9, 8, 127, -128]


def test_a_float_tensor_stores_values_as_they_are() -> None:
    tensor = Tensor(0, "x", (2,), "float32", None, None, variable=False, quantisation=None)
    assert tensor.to_stored([1.5, -2.0]).tolist() == [1.5, -2.0]
    with pytest.raises(ValueError, match="no constant"):
        tensor.constant()


@pytest.mark.parametrize("content", [b"", b"TFL3", b"<!DOCTYPE html><html></html>", bytes(4096)])
def test_something_else_is_not_read_as_a_model(content: bytes) -> None:
    with pytest.raises(ModelFileError, match=r"not a \.tflite file"):
        read(content)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_truncated_model_is_an_error(small: dict[str, Small], data: st.DataObject) -> None:
    model = small["C_2"].tflite[Technique.DYNAMIC]
    # The last bytes may be padding, without which the model is whole.
    length = data.draw(st.integers(0, len(model) - 64))
    with pytest.raises(ModelFileError, match="convert the network again"):
        read(model[:length])


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_damaged_model_is_an_error_or_still_a_model(
    small: dict[str, Small], data: st.DataObject
) -> None:
    model = bytearray(small["CL_1"].tflite[Technique.FULL_INTEGER])
    places: Any = st.integers(0, len(model) - 1) | st.integers(0, 600)
    for _ in range(data.draw(st.integers(1, 4))):
        model[data.draw(places)] = data.draw(st.integers(0, 255))
    try:
        found = read(bytes(model))
    except ModelFileError:
        return
    used = {index for op in found.operators for index in (*op.inputs, *op.outputs)} - {-1}
    assert used <= set(range(len(found.tensors)))


def test_reading_needs_no_tensorflow_and_no_runtime() -> None:
    program = (
        "import sys, models.flatbuffer; "
        "print({'tensorflow', 'keras', 'ai_edge_litert', 'tflite_micro'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr
