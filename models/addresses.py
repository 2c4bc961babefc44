"""What decides each kind of artefact: the keys under which the pipeline looks it up."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from models.catalog import Network, Technique
from models.dataset import Dataset
from models.entry import Entry
from models.keys import Key, source_digest, versions
from models.split import Split
from models.weights import Weights

if TYPE_CHECKING:
    from models.training import Recipe

_TENSORFLOW = ("tensorflow", "keras", "numpy")
_RUNTIMES = ("ai-edge-litert", "tflite-micro", "numpy")

LIBRARIES = ("tensorflow", "keras", "numpy", "ai-edge-litert", "tflite-micro")
"""What makes a variant, for its manifest."""

MODEL_FILE = "model.tflite"
"""The one file of a converted network's entry."""

_BEYOND = frozenset(
    {
        "catalog",  # a network's fields are in the key
        "dataset",  # its digest is
        "entry",
        "split",  # the subjects are
        "errors",
        "keys",
        "paths",
        "progress",
        "store",
        "windows",
    }
)
"""Modules that no key follows: what they decide is there as data, or they decide nothing."""


@dataclass(frozen=True)
class Addresses:
    """The keys of everything made from one data set with one split, seed and recipe."""

    dataset: Dataset
    split: Split
    seed: int
    recipe: "Recipe | None"

    def weights(self, network: Network) -> Key:
        """Of a trained network."""
        return Key(
            "weights",
            {
                "dataset": self.dataset.digest,
                "train": self.split.train,
                "validation": self.split.validation,
                "network": asdict(network),
                "seed": self.seed,
                "recipe": self.recipe and asdict(self.recipe),
                "code": _code("training", "architecture"),
                "versions": versions(*_TENSORFLOW),
            },
        )

    def base(self, weights: Weights) -> Key:
        """Of the Keras model's evaluation."""
        return Key(
            "base",
            {
                "weights": weights.facts.sha256,
                "dataset": self.dataset.digest,
                "test": self.split.test,
                "code": _code("variant"),
                "versions": versions(*_TENSORFLOW),
            },
        )

    def conversion(self, weights: Weights) -> Key:
        """Of the right to convert a trained network; nothing is stored under it."""
        return Key("conversion", {"weights": weights.facts.sha256, "train": self.split.train})

    def model(self, weights: Weights, technique: Technique) -> Key:
        """Of a converted network."""
        return Key(
            "model",
            {
                "weights": weights.facts.sha256,
                "dataset": self.dataset.digest,
                "train": self.split.train,
                "technique": technique,
                "code": _code("conversion", "conversion_worker"),
                "versions": versions(*_TENSORFLOW),
            },
        )

    def variant(self, weights: Weights, model: Entry) -> Key:
        """Of a complete variant; ``model`` is the entry of the converted network."""
        return Key(
            "variant",
            {
                "weights": weights.key.digest,
                "model": model.key.digest,
                "sha256": model.files[MODEL_FILE].sha256,
                "dataset": self.dataset.digest,
                "test": self.split.test,
                "code": _code("variant", "tflm_worker"),
                "versions": versions(*_RUNTIMES),
            },
        )


def _code(*modules: str) -> str:
    return source_digest(frozenset(modules), _BEYOND)
