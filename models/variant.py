"""Puts a variant together: its model, what that does on the test subjects, and its manifest."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models import golden, manifest
from models.accuracy import Accuracies, NotMeasured, RuntimeAccuracy
from models.architecture import macs, parameters
from models.catalog import Variant
from models.evaluation import Evaluation, VariantEvaluation, evaluate_variant
from models.flatbuffer import read
from models.golden import Golden
from models.graph import FlatModel
from models.manifest import Manifest, ModelFile
from models.runtimes import NotRun, Refused, run_litert
from models.weights import TrainingFacts
from models.windows import Windows


@dataclass(frozen=True)
class Origin:
    """What a variant comes from, as its manifest tells it.

    Attributes:
        variant: The variant.
        dataset: What its network was trained and tested on.
        fold: The fold of test subjects.
        seed: The seed of the training.
        training: About the training of its network.
        provenance: Keys and hashes.
        versions: Of the libraries.
    """

    variant: Variant
    dataset: manifest.DatasetFacts
    fold: int
    seed: int
    training: TrainingFacts
    provenance: manifest.Provenance
    versions: dict[str, str | None]


def write_variant(directory: Path, model: bytes, origin: Origin, test: Windows) -> None:
    """Write a variant into an empty directory: ``.tflite``, golden windows and manifest.

    Args:
        directory: Where to.
        model: The converted network.
        origin: What it comes from.
        test: The windows of the test subjects, in g and rad/s.

    Raises:
        EvaluationError: A runtime cannot run the model.
    """
    network = origin.variant.network
    flat = read(model)
    file = ModelFile.of(f"{origin.variant.name}.tflite", model)
    (directory / file.file).write_bytes(model)
    standardised = origin.training.standardisation.apply(test)
    evaluated = evaluate_variant(model, standardised)
    reference = _golden(model, flat, test, standardised)
    reference.write(directory / golden.FILE)
    Manifest(
        network=manifest.NetworkFacts.of(network),
        technique=origin.variant.technique,
        dataset=origin.dataset,
        fold=origin.fold,
        seed=origin.seed,
        model=file,
        golden=manifest.GoldenFile(
            file=golden.FILE,
            sha256=ModelFile.of(golden.FILE, (directory / golden.FILE).read_bytes()).sha256,
            windows=len(reference.labels),
        ),
        operators=manifest.OperatorUse.all_of(flat),
        macs=macs(network),
        parameters=parameters(network),
        input=manifest.TensorFacts.of(flat.input),
        output=manifest.TensorFacts.of(flat.output),
        standardisation=origin.training.standardisation,
        accuracy=_accuracy(evaluated),
        agreement=evaluated.agreement,
        arena_tflm_host=evaluated.arena,
        provenance=origin.provenance,
        versions=origin.versions,
    ).write(directory / manifest.FILE)


def runtime_accuracy(evaluation: Evaluation) -> RuntimeAccuracy:
    """An evaluation as files hold it."""
    return RuntimeAccuracy(
        windows=evaluation.windows,
        accuracy=evaluation.accuracy,
        interval=evaluation.interval,
        per_subject=dict(evaluation.per_subject),
        confusion=tuple(tuple(map(int, row)) for row in evaluation.confusion),
    )


def _golden(model: bytes, flat: FlatModel, test: Windows, standardised: Windows) -> Golden:
    chosen = golden.choose(test)
    inputs = standardised.x[chosen]
    return Golden(
        windows=np.ascontiguousarray(test.x[chosen]),
        labels=test.y[chosen],
        inputs=flat.input.to_stored(inputs),
        outputs=run_litert(model, inputs),
    )


def _accuracy(evaluated: VariantEvaluation) -> Accuracies:
    match evaluated.tflm:
        case Evaluation() as evaluation:
            tflm: RuntimeAccuracy | NotMeasured = runtime_accuracy(evaluation)
        case Refused(message):
            tflm = NotMeasured(reason=f"refused: {message}")
        case NotRun(reason):
            tflm = NotMeasured(reason=f"not run: {reason}")
    return Accuracies(litert=runtime_accuracy(evaluated.litert), tflm=tflm)
