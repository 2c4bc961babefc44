"""From a data set to variants in the store: what is wanted is looked up, and made where missing.

The one door for everybody who wants a model::

    pipeline = Pipeline(dataset.load(), split(0), store=Store(cache_root()))
    pipeline.base(NETWORKS["C_5"]).accuracy
    match pipeline.variants(NETWORKS["C_5"])[Technique.DYNAMIC]:
        case Artefact(manifest=manifest, model=path): ...
        case error: ...                     # of this variant alone

Any number of processes may do so at the same time: each artefact is made by one of them, and the
others wait for it. Where nothing has to be made, TensorFlow is not imported.
"""

import importlib.util
import os
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from models.accuracy import RuntimeAccuracy
from models.addresses import LIBRARIES, MODEL_FILE, Addresses
from models.artefact import Artefact
from models.catalog import Network, Technique, Variant
from models.conversion import Converted, convert, representative_windows
from models.dataset import Dataset
from models.entry import Entry
from models.errors import ConversionError, EvaluationError, StoreError, TrainingError
from models.evaluation import evaluate_base
from models.keys import versions
from models.manifest import DatasetFacts, Provenance
from models.progress import Lines, Progress
from models.split import Split
from models.store import Store
from models.variant import Origin, runtime_accuracy, write_variant
from models.weights import Weights, write_weights
from models.windows import Windows

if TYPE_CHECKING:
    from models.training import Recipe

_BASE_FILE = "evaluation.json"


class Pipeline:
    """Everything made from one data set with one split and one seed.

    Args:
        dataset: The data set.
        split: Which of its subjects are for what.
        store: Where artefacts are kept.
        seed: Of the training.
        progress: Where the news of what is made go.
        recipe: How to train; by default the recipe of each network's family.
    """

    def __init__(
        self,
        dataset: Dataset,
        split: Split,
        *,
        store: Store,
        seed: int = 0,
        progress: Progress | None = None,
        recipe: "Recipe | None" = None,
    ) -> None:
        self.dataset = dataset
        self.split = split
        self.seed = seed
        self._addresses = Addresses(dataset, split, seed, recipe)
        self._store = store
        self._progress = progress or Lines()
        self._weights: dict[Network, Weights] = {}
        self._failed: dict[Variant, ConversionError] = {}

    def weights(self, network: Network) -> Weights:
        """The trained network.

        Raises:
            TrainingError: The training did not end in a usable network.
            StoreError: The store cannot be read or written.
        """
        if network not in self._weights:
            entry = self._store.get_or_build(
                self._addresses.weights(network),
                partial(self._train, network),
                label=f"weights of {self._label(network)}",
            )
            self._weights[network] = Weights.of(network, entry)
        return self._weights[network]

    def base(self, network: Network) -> RuntimeAccuracy:
        """The accuracy of the Keras model on the test subjects.

        Raises:
            TrainingError: As for `weights`.
            EvaluationError: Its outputs are no numbers.
            StoreError: As for `weights`.
        """
        weights = self.weights(network)
        entry = self._store.get_or_build(
            self._addresses.base(weights),
            partial(self._evaluate_base, weights),
            label=f"evaluation of {self._label(network)}",
        )
        return RuntimeAccuracy.model_validate_json((entry.path / _BASE_FILE).read_bytes())

    def variants(
        self, network: Network, techniques: Sequence[Technique] = tuple(Technique)
    ) -> dict[Technique, Artefact | ConversionError | EvaluationError]:
        """The network under each technique: the variant, or why there is none.

        A failure is of one variant. It is not stored: this object remembers it, and another one
        tries again.

        Raises:
            TrainingError: As for `weights`.
            StoreError: As for `weights`.
        """
        weights = self.weights(network)
        self._convert(weights, techniques)
        return {technique: self._variant(weights, technique) for technique in techniques}

    def variant(self, variant: Variant) -> Artefact:
        """One variant.

        Raises:
            ConversionError: The technique could not be applied.
            EvaluationError: A runtime could not run the model.
            TrainingError: As for `weights`.
            StoreError: As for `weights`.
        """
        found = self.variants(variant.network, [variant.technique])[variant.technique]
        if not isinstance(found, Artefact):
            raise found
        return found

    def stored_weights(self, network: Network) -> Weights | None:
        """The trained network if it is in the store; nothing is made."""
        entry = self._store.get(self._addresses.weights(network))
        return None if entry is None else Weights.of(network, entry)

    def stored_variant(self, variant: Variant) -> Artefact | None:
        """The variant if it is in the store; nothing is made."""
        weights = self.stored_weights(variant.network)
        if weights is None:
            return None
        model = self._store.get(self._addresses.model(weights, variant.technique))
        if model is None:
            return None
        entry = self._store.get(self._addresses.variant(weights, model))
        return None if entry is None else Artefact.of(entry)

    def _label(self, network: Network) -> str:
        return f"{network.name}, fold {self.split.fold}"

    def _train(self, network: Network, directory: Path) -> None:
        _prepare_tensorflow(network)
        from models.training import train

        windows = self.dataset.windows
        label = self._label(network)
        with self._progress.training(label) as epochs:
            trained = train(
                network,
                windows.of(self.split.train),
                windows.of(self.split.validation),
                seed=self.seed,
                recipe=self._addresses.recipe,
                progress=epochs,
            )
        write_weights(directory, trained)
        self._progress.say(f"trained {label}: {trained.summary()}")

    def _test_windows(self, weights: Weights) -> Windows:
        """The windows of the test subjects, standardised as ``weights`` want them."""
        return weights.facts.standardisation.apply(self.dataset.windows.of(self.split.test))

    def _evaluate_base(self, weights: Weights, directory: Path) -> None:
        _prepare_tensorflow(weights.network)
        from models.threads import use_one_thread

        use_one_thread()  # or no training could follow in this process
        result = runtime_accuracy(evaluate_base(weights.keras_file, self._test_windows(weights)))
        (directory / _BASE_FILE).write_text(result.model_dump_json(indent=1), encoding="utf-8")

    def _convert(self, weights: Weights, techniques: Sequence[Technique]) -> None:
        """Convert what is missing of ``techniques``, and then, for the same price, all others."""
        if not self._unconverted(weights, techniques):
            return
        _prepare_tensorflow(weights.network)
        label = f"conversion of {self._label(weights.network)}"
        with self._store.lock(self._addresses.conversion(weights), label=label):
            missing = self._unconverted(weights, tuple(Technique))
            if missing:
                for converted in self._converted(weights, missing):
                    self._keep(weights, converted)

    def _unconverted(self, weights: Weights, techniques: Sequence[Technique]) -> list[Technique]:
        return [
            technique
            for technique in techniques
            if Variant(weights.network, technique) not in self._failed
            and self._store.get(self._addresses.model(weights, technique)) is None
        ]

    def _converted(
        self, weights: Weights, techniques: Sequence[Technique]
    ) -> Collection[Converted]:
        training = representative_windows(self.dataset.windows.of(self.split.train))
        representative = weights.facts.standardisation.apply(training).x
        name = weights.network.name
        return convert(name, weights.keras_file, representative, techniques=techniques).values()

    def _keep(self, weights: Weights, converted: Converted) -> None:
        """Store a converted network, or remember why there is none."""
        variant = Variant(weights.network, converted.technique)
        try:
            model = converted.model
        except ConversionError as error:
            self._failed[variant] = error
            self._progress.say(f"no {variant.name}: {error}")
            return
        self._store.get_or_build(
            self._addresses.model(weights, converted.technique),
            lambda directory: _write_model(directory, model),
            label=f"model {variant.name}",
        )

    def _variant(
        self, weights: Weights, technique: Technique
    ) -> Artefact | ConversionError | EvaluationError:
        """A variant whose conversion has been tried."""
        variant = Variant(weights.network, technique)
        if variant in self._failed:
            return self._failed[variant]
        model = self._store.get(self._addresses.model(weights, technique))
        if model is None:
            raise StoreError(
                f"{variant.name} was in the store {self._store.root} and is gone: another process"
                " removes entries; run again when it has ended"
            )
        try:
            return Artefact.of(
                self._store.get_or_build(
                    self._addresses.variant(weights, model),
                    lambda directory: self._write_variant(directory, weights, variant, model),
                    label=f"evaluation of {variant.name}, fold {self.split.fold}",
                )
            )
        except EvaluationError as error:
            self._progress.say(f"no {variant.name}: {error}")
            return error

    def _write_variant(
        self, directory: Path, weights: Weights, variant: Variant, model: Entry
    ) -> None:
        origin = Origin(
            variant=variant,
            dataset=DatasetFacts(name=self.dataset.name, digest=self.dataset.digest),
            fold=self.split.fold,
            seed=self.seed,
            training=weights.facts,
            provenance=Provenance(
                weights_key=weights.key.digest,
                weights_sha256=weights.facts.sha256,
                model_key=model.key.digest,
                variant_key=self._addresses.variant(weights, model).digest,
            ),
            versions=versions(*LIBRARIES),
        )
        content = (model.path / MODEL_FILE).read_bytes()
        write_variant(directory, content, origin, self.dataset.windows.of(self.split.test))


def _write_model(directory: Path, model: bytes) -> None:
    (directory / MODEL_FILE).write_bytes(model)


def _prepare_tensorflow(network: Network) -> None:
    """Before TensorFlow is imported: have it quiet and on the processor, whose results are ours."""
    if importlib.util.find_spec("tensorflow") is None:
        raise TrainingError(
            f"{network.name} is not complete in the store, and TensorFlow, which makes what is"
            " missing, is not installed: pip install 'har-energy-bench[models]'"
        )
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # below: the want of a GPU is an error
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
