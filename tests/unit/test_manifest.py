"""The manifest and the golden windows beside a model."""

import json
import zlib
from pathlib import Path

import numpy as np
import pytest

from models import golden, manifest
from models.catalog import NETWORKS, Technique
from models.errors import ModelsError
from models.golden import Golden
from models.manifest import Manifest, ModelFile
from models.windows import Windows

MODEL = bytes(range(250))


def measured(accuracy: float) -> dict[str, object]:
    return {
        "windows": 12,
        "accuracy": accuracy,
        "interval": (0.4, 0.8),
        "per_subject": {4: {"windows": 4, "correct": 2}, 22: {"windows": 8, "correct": 6}},
        "confusion": tuple((2, 0, 0, 0, 0, 0) for _ in range(6)),
    }


def fields(golden_sha256: str = "0" * 64) -> dict[str, object]:
    return {
        "network": manifest.NetworkFacts.of(NETWORKS["CL_3"]),
        "technique": Technique.FULL_INTEGER,
        "dataset": {"name": "surrogate", "digest": "1" * 64},
        "fold": 0,
        "seed": 3,
        "model": ModelFile.of("CL_3-F.tflite", MODEL),
        "golden": {"file": golden.FILE, "sha256": golden_sha256, "windows": 12},
        "operators": (
            {
                "operator": "FULLY_CONNECTED",
                "input": "int8",
                "weights": "int8",
                "output": "int8",
                "count": 2,
            },
        ),
        "macs": 217_312,
        "parameters": 7_678,
        "input": {"dtype": "int8", "shape": (1, 128, 6), "scale": 0.05, "zero_point": -3},
        "output": {"dtype": "int8", "shape": (1, 6), "scale": 1 / 256, "zero_point": -128},
        "standardisation": {"mean": (0.0,) * 6, "scale": (1.0,) * 6},
        "accuracy": {"litert": measured(0.6), "tflm": {"reason": "not run: not installed"}},
        "agreement": None,
        "arena_tflm_host": None,
        "provenance": {
            name: "2" * 64 for name in ("weights_key", "weights_sha256", "model_key", "variant_key")
        },
        "versions": {"tensorflow": "2.21.0", "tflite-micro": None},
    }


def some_golden() -> Golden:
    draw = np.random.default_rng(0)
    return Golden(
        windows=draw.normal(size=(12, 128, 6)).astype(np.float32),
        labels=np.repeat(np.arange(6), 2),
        inputs=draw.integers(-128, 128, size=(12, 128, 6), dtype=np.int8),
        outputs=draw.integers(-128, 128, size=(12, 6), dtype=np.int8),
    )


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    (tmp_path / "CL_3-F.tflite").write_bytes(MODEL)
    some_golden().write(tmp_path / golden.FILE)
    sum_of_golden = ModelFile.of(golden.FILE, (tmp_path / golden.FILE).read_bytes()).sha256
    Manifest.model_validate(fields(sum_of_golden)).write(tmp_path / manifest.FILE)
    return tmp_path


def test_what_was_written_is_read_unchanged(exported: Path) -> None:
    found = manifest.read(exported)
    assert found.variant.name == "CL_3-F"
    assert found.variant.network == NETWORKS["CL_3"]
    assert found.model.crc32 == zlib.crc32(MODEL)
    assert found.output.scale == 1 / 256
    assert found.accuracy.litert.per_subject[22].accuracy == 0.75
    again = exported / "again.json"
    found.write(again)
    assert again.read_bytes() == (exported / manifest.FILE).read_bytes()


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("format", 2, "format"),
        ("macs", -1, "macs"),
        ("standardisation", {"mean": (0.0,) * 6, "scale": (1.0,) * 5}, "standardisation.scale"),
        ("input", {"dtype": "int8", "shape": (1, 128, 6)}, "int8 needs scale"),
        ("output", {"dtype": "float32", "shape": (1, 6), "scale": 0.1, "zero_point": 0}, "float32"),
        ("accuracy", {"litert": measured(1.5), "tflm": {"reason": "not run"}}, "accuracy"),
        ("unheard_of", 1, "unheard_of"),
    ],
)
def test_a_manifest_that_is_not_valid_names_file_and_field(
    exported: Path, field: str, value: object, named: str
) -> None:
    path = exported / manifest.FILE
    whole = manifest.read(exported).model_dump(mode="json")
    path.write_bytes(json.dumps({**whole, field: value}).encode())
    with pytest.raises(ModelsError, match=named) as raised:
        manifest.read(exported)
    assert str(path) in str(raised.value)


def test_a_model_that_is_not_the_manifests_is_refused(exported: Path) -> None:
    (exported / "CL_3-F.tflite").write_bytes(MODEL + b"\0")
    with pytest.raises(ModelsError, match=r"CL_3-F\.tflite is another file"):
        manifest.read(exported)


@pytest.mark.parametrize("name", [manifest.FILE, golden.FILE, "CL_3-F.tflite"])
def test_a_missing_file_is_named(exported: Path, name: str) -> None:
    (exported / name).unlink()
    with pytest.raises(ModelsError, match=name):
        manifest.read(exported)


def test_golden_windows_come_back_as_written_in_a_file_of_the_same_bytes(tmp_path: Path) -> None:
    written = some_golden()
    written.write(tmp_path / "one.npz")
    written.write(tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    found = golden.read(tmp_path / "one.npz")
    for name in ("windows", "labels", "inputs", "outputs"):
        seen, wanted = getattr(found, name), getattr(written, name)
        assert seen.dtype == wanted.dtype
        np.testing.assert_array_equal(seen, wanted)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", b"<html>"])
def test_a_damaged_golden_file_is_an_error_that_names_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / golden.FILE
    path.write_bytes(content)
    with pytest.raises(ModelsError, match=r"golden\.npz"):
        golden.read(path)


def windows_of(y: list[int], subjects: list[int]) -> Windows:
    x = np.zeros((len(y), 128, 6), np.float32)
    return Windows(x, np.array(y, np.int64), np.array(subjects, np.int64))


def test_golden_windows_are_two_of_each_activity_of_different_subjects() -> None:
    test = windows_of([activity for activity in range(6) for _ in range(9)], [1, 2, 3] * 18)
    chosen = golden.choose(test)
    assert sorted(test.y[chosen]) == [activity for activity in range(6) for _ in range(2)]
    for activity in range(6):
        assert len(set(test.subjects[chosen][test.y[chosen] == activity])) == 2
    np.testing.assert_array_equal(chosen, golden.choose(test))


def test_golden_windows_make_do_with_what_there_is() -> None:
    test = windows_of([0, 0, 0, 5], [1, 1, 1, 1])
    chosen = golden.choose(test)
    assert sorted(test.y[chosen]) == [0, 0, 5]
    assert len(set(chosen)) == 3
