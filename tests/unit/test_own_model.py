"""A user's own model: what fits together is taken, everything else is one clear error."""

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.device.images import encode_model
from bench.run.own import OwnModelError, load_own
from models.flatbuffer import read

DATA = Path(__file__).parents[1] / "data"
MODEL = DATA / "tiny-F.tflite"
INPUTS = np.zeros((2, 128, 6), np.int8)
OUTPUTS = np.zeros((2, 6), np.int8)


def saved(folder: Path, **arrays: object) -> Path:
    path = folder / "golden.npz"
    np.savez(path, **arrays)  # type: ignore[arg-type]  # whatever may be in such a file
    return path


@pytest.mark.parametrize("name", ["tiny-L", "tiny-D", "tiny-F", "tiny_lstm-F"])
def test_a_model_and_its_golden_windows_become_a_subject(name: str) -> None:
    own = load_own(DATA / f"{name}.tflite", DATA / f"{name}.npz")
    subject = own.subject()
    assert subject.name == f"{name.replace('-', '_')}-own"
    assert subject.image.standardisation is None
    assert own.content in encode_model(subject.image)
    tensor = read(own.content).input
    assert [len(content) for content in subject.inputs] == [tensor.nbytes] * 2
    assert subject.inputs[1] == own.inputs[1].tobytes()
    assert len(subject.expected) == 2
    assert own.record().size == len(own.content)
    assert sum(int(kernel.split()[0]) for kernel in own.record().kernels) == len(
        read(own.content).operators
    )


def test_inputs_may_be_flat(tmp_path: Path) -> None:
    golden = saved(tmp_path, inputs=INPUTS.reshape(2, -1), outputs=OUTPUTS)
    assert len(load_own(MODEL, golden).subject().inputs) == 2


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("gesture v2.tflite", "gesture_v2"),
        ("ジェスチャー" + "é" * 30 + ".tflite", "_" * 36),
        ("m" * 80 + ".tflite", "m" * 40),
    ],
)
def test_its_name_is_one_that_the_device_can_say(tmp_path: Path, file: str, name: str) -> None:
    shutil.copy(MODEL, tmp_path / file)
    own = load_own(tmp_path / file, saved(tmp_path, inputs=INPUTS, outputs=OUTPUTS))
    assert own.name == name
    encode_model(own.subject().image)


@pytest.mark.parametrize(
    ("arrays", "why"),
    [
        ({"inputs": INPUTS}, "outputs is not a file.*wanted a .npz file with the arrays"),
        ({"inputs": INPUTS, "outputs": OUTPUTS[:1]}, "2 inputs and 1 outputs"),
        ({"inputs": INPUTS[:0], "outputs": OUTPUTS[:0]}, r"inputs is int8 of shape \(0, 128, 6\)"),
        ({"inputs": INPUTS[0], "outputs": OUTPUTS}, r"inputs is int8 of shape \(128, 6\)"),
        ({"inputs": INPUTS[:, :64], "outputs": OUTPUTS}, r"wanted int8 of shape \(k, 1, 128, 6\)"),
        ({"inputs": INPUTS.astype("f4"), "outputs": OUTPUTS}, "inputs is float32"),
        ({"inputs": INPUTS, "outputs": OUTPUTS.astype("i2")}, "outputs is int16"),
        ({"inputs": INPUTS, "outputs": OUTPUTS[:, :5]}, r"outputs is int8 of shape \(2, 5\)"),
        ({"inputs": np.array([{}, {}]), "outputs": OUTPUTS}, "allow_pickle"),
    ],
)
def test_golden_windows_that_do_not_fit_are_an_error(
    tmp_path: Path, arrays: dict[str, object], why: str
) -> None:
    with pytest.raises(OwnModelError, match=rf"--golden .*golden.npz: .*{why}"):
        load_own(MODEL, saved(tmp_path, **arrays))


def test_a_model_that_is_none_is_an_error(tmp_path: Path) -> None:
    golden = saved(tmp_path, inputs=INPUTS, outputs=OUTPUTS)
    with pytest.raises(OwnModelError, match=r"--model .*golden.npz: not a .tflite file"):
        load_own(golden, golden)
    with pytest.raises(OwnModelError, match=r"--model .*absent.tflite: .*No such file"):
        load_own(tmp_path / "absent.tflite", golden)
    with pytest.raises(OwnModelError, match=r"--golden .*absent.npz: .*No such file"):
        load_own(MODEL, tmp_path / "absent.npz")
    np.save(tmp_path / "one.npy", INPUTS)
    with pytest.raises(OwnModelError, match=r"one.npy: .*wanted a .npz file"):
        load_own(MODEL, tmp_path / "one.npy")


def archive(compressed: bool) -> bytes:
    file = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(file, inputs=INPUTS, outputs=OUTPUTS)
    return file.getvalue()


@settings(max_examples=200)
@given(st.sampled_from([archive(False), archive(True)]), st.data())
def test_a_damaged_archive_is_an_error_or_still_fits(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, data: st.DataObject
) -> None:
    damaged = bytearray(content)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.npz"
    path.write_bytes(damaged[: data.draw(st.integers(1, len(damaged)))])
    try:
        own = load_own(MODEL, path)
    except OwnModelError:
        return
    assert own.inputs.dtype == np.int8
    assert own.inputs[0].size == INPUTS[0].size
