"""From a data set to variants in the store, with a network that is trained in a second."""

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from models import golden, manifest
from models.artefact import Artefact
from models.catalog import Technique, Variant
from models.conversion import Converted
from models.errors import ConversionError, TrainingError
from models.flatbuffer import read
from models.pipeline import Pipeline
from models.progress import Lines
from models.runtimes import run_litert
from models.split import split
from models.store import Store
from tests.unit import tiny
from tests.unit.tiny import NETWORK, RECIPE, TinyOpening

TEST = split(0).test


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the tiny network of fold 0; nothing in it is to be changed."""
    return tiny.filled_store(tmp_path_factory, tmp_path_factory.mktemp("filled") / "store")


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Path:
    """The same for one test to change."""
    return tiny.filled_store(tmp_path_factory, tmp_path / "store")


def open_pipeline(root: Path) -> Pipeline:
    return TinyOpening(root)(0, Lines(lambda _line: None))


@pytest.mark.parametrize("technique", Technique)
def test_a_variant_is_complete(filled: Path, technique: Technique) -> None:
    artefact = open_pipeline(filled).variant(Variant(NETWORK, technique))
    facts = manifest.read(artefact.directory)
    assert facts == artefact.manifest
    assert facts.variant == Variant(NETWORK, technique)
    assert (facts.fold, facts.seed, facts.dataset.name) == (0, 0, "surrogate")
    assert facts.model.file == f"tiny-{technique}.tflite"
    assert facts.macs == 126 * 3 * 6 * 2 + 63 * 2 * 20 + 20 * 6
    assert facts.input.dtype == ("int8" if technique is Technique.FULL_INTEGER else "float32")
    dense = [use for use in facts.operators if use.operator == "FULLY_CONNECTED"]
    weights = {"L": "float32", "D": "int8", "F": "int8"}[technique]
    assert weights in {use.weights for use in dense}
    assert set(facts.accuracy.litert.per_subject) == set(TEST)
    assert facts.accuracy.litert.windows == 12 * len(TEST)


@pytest.mark.parametrize("technique", Technique)
def test_golden_windows_are_of_test_subjects_and_give_their_outputs(
    filled: Path, technique: Technique
) -> None:
    artefact = open_pipeline(filled).variant(Variant(NETWORK, technique))
    reference = golden.read(artefact.golden)
    model = artefact.model.read_bytes()
    test = tiny.dataset().windows.of(TEST)
    assert {window.tobytes() for window in reference.windows} <= {x.tobytes() for x in test.x}
    assert sorted(reference.labels) == sorted(2 * list(range(6)))
    facts = artefact.manifest.standardisation
    mean, scale = np.array([facts.mean, facts.scale], np.float32)
    standardised = (reference.windows - mean) / scale
    flat = read(model)
    np.testing.assert_array_equal(flat.input.to_stored(standardised), reference.inputs)
    np.testing.assert_array_equal(run_litert(model, standardised), reference.outputs)
    assert reference.inputs.dtype == artefact.manifest.input.dtype


def test_the_base_is_tested_on_the_test_subjects(filled: Path) -> None:
    base = open_pipeline(filled).base(NETWORK)
    assert set(base.per_subject) == set(TEST)
    assert base.accuracy > 1 / 6, "no better than chance: the windows or labels are mixed up"


def test_what_is_in_the_store_is_found_without_tensorflow(filled: Path) -> None:
    script = """
import sys
from pathlib import Path
from models.progress import Lines
from tests.unit.tiny import NETWORK, TinyOpening

pipeline = TinyOpening(Path(sys.argv[1]))(0, Lines(print))
pipeline.base(NETWORK)
pipeline.variants(NETWORK)
print(sorted({"tensorflow", "keras", "ai_edge_litert", "tflite_micro"} & set(sys.modules)))
"""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", script, str(filled)]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"


@pytest.mark.parametrize("name", ["fold", "seed", "recipe", "network", "data"])
def test_what_decides_a_training_is_in_its_address(filled: Path, name: str) -> None:
    def stored(changed: str) -> bool:
        pipeline = Pipeline(
            tiny.dataset(changed=TEST if changed == "data" else ()),
            split(1 if changed == "fold" else 0),
            store=Store(filled),
            seed=1 if changed == "seed" else 0,
            recipe=replace(RECIPE, epochs=3) if changed == "recipe" else RECIPE,
        )
        network = replace(NETWORK, dense=21) if changed == "network" else NETWORK
        return pipeline.stored_weights(network) is not None

    assert stored("nothing")
    assert not stored(name)


def made(root: Path, changed: tuple[int, ...]) -> tuple[str, dict[Technique, str]]:
    """Hashes of the weights and of the models made where the ``changed`` subjects are others."""
    store = Store(root)
    data = tiny.dataset(changed)
    pipeline = Pipeline(
        data, split(0), store=store, recipe=RECIPE, progress=Lines(lambda _line: None)
    )
    models = {
        technique: artefact.manifest.model.sha256
        for technique, artefact in pipeline.variants(NETWORK).items()
        if isinstance(artefact, Artefact)
    }
    assert len(models) == len(Technique)
    return pipeline.weights(NETWORK).facts.sha256, models


def test_nothing_that_is_made_has_seen_a_test_subject(filled: Path, tmp_path: Path) -> None:
    """Training, the choice of an epoch, standardisation and representative windows."""
    original = made(filled, changed=())
    assert made(tmp_path / "others", changed=TEST) == original


def test_what_is_made_has_seen_the_training_subjects(filled: Path, tmp_path: Path) -> None:
    """Or the test before this one could not fail."""
    pipeline = Pipeline(
        tiny.dataset(changed=split(0).train[:1]),
        split(0),
        store=Store(tmp_path),
        recipe=RECIPE,
        progress=Lines(lambda _line: None),
    )
    seen = pipeline.weights(NETWORK).facts
    original = open_pipeline(filled).weights(NETWORK).facts
    assert seen.sha256 != original.sha256
    assert seen.standardisation != original.standardisation


class Converter:
    """Converts as it is told to, and counts."""

    def __init__(self, models: Mapping[Technique, bytes | None]) -> None:
        self.models = models
        self.asked: list[tuple[Technique, ...]] = []

    def __call__(
        self,
        network: str,
        keras_file: Path,
        representative: NDArray[np.float32],
        *,
        techniques: Sequence[Technique],
    ) -> dict[Technique, Converted]:
        assert keras_file.is_file()
        assert len(representative) == len(split(0).train) * 6
        self.asked.append(tuple(techniques))
        return {
            technique: Converted(technique, self.models[technique], f"{network}: signal 11", 2)
            for technique in techniques
        }


def test_a_failed_conversion_is_of_one_variant_and_is_tried_again_by_another(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = open_pipeline(own).variants(NETWORK)
    models = {
        technique: artefact.model.read_bytes()
        for technique, artefact in before.items()
        if isinstance(artefact, Artefact)
    }
    for entry in Store(own).entries():
        if entry.key.kind == "model":
            shutil.rmtree(entry.path)
    failing = Converter({**models, Technique.DYNAMIC: None})
    monkeypatch.setattr("models.pipeline.convert", failing)
    pipeline = open_pipeline(own)
    found = pipeline.variants(NETWORK)
    assert isinstance(found[Technique.DYNAMIC], ConversionError)
    assert found[Technique.LITE] == before[Technique.LITE]
    assert found[Technique.FULL_INTEGER] == before[Technique.FULL_INTEGER]
    with pytest.raises(ConversionError, match="signal 11"):
        pipeline.variant(Variant(NETWORK, Technique.DYNAMIC))
    assert failing.asked == [tuple(Technique)], "one process for all, and no second try"

    working = Converter(models)
    monkeypatch.setattr("models.pipeline.convert", working)
    again = open_pipeline(own).variant(Variant(NETWORK, Technique.DYNAMIC))
    assert again == before[Technique.DYNAMIC]
    assert working.asked == [(Technique.DYNAMIC,)]


def test_a_damaged_model_is_made_again_and_nothing_else(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variant = Variant(NETWORK, Technique.LITE)
    before = open_pipeline(own).variant(variant)
    content = before.model.read_bytes()
    (before.directory / manifest.FILE).write_text("{}")
    monkeypatch.setattr("models.pipeline.convert", Converter({}))
    lines: list[str] = []
    after = TinyOpening(own)(0, Lines(lines.append)).variant(variant)
    assert after == before
    assert after.model.read_bytes() == content
    assert len(lines) == 1
    assert "evaluation of tiny-L, fold 0: the stored one is damaged" in lines[0]


def test_without_tensorflow_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(TrainingError, match="pip install"):
        open_pipeline(tmp_path).weights(NETWORK)


def test_what_is_stored_is_told_without_making_anything(filled: Path, tmp_path: Path) -> None:
    variant = Variant(NETWORK, Technique.DYNAMIC)
    assert open_pipeline(tmp_path).stored_weights(NETWORK) is None
    assert open_pipeline(tmp_path).stored_variant(variant) is None
    pipeline = open_pipeline(filled)
    assert pipeline.stored_variant(variant) == pipeline.variant(variant)
