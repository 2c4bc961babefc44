"""A trained network as the store holds it: the Keras model, and what is known about it."""

import hashlib
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from pydantic import BaseModel, ConfigDict

from models.catalog import Network
from models.entry import Entry
from models.file_part import Sha256
from models.keys import Key
from models.manifest import Standardisation

if TYPE_CHECKING:
    from models.training import Trained

_KERAS_FILE = "model.keras"
_FACTS_FILE = "training.json"


class TrainingFacts(BaseModel):
    """What a training left besides the network.

    Attributes:
        sha256: Of the weights' values and the standardisation: the same for the same result,
            though Keras writes the time into its files.
        standardisation: Of the windows, from the training subjects.
        summary: How the training went, in a few words for people.
        history: What was recorded after each epoch, by name (`models.training.Trained`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: Sha256
    standardisation: Standardisation
    summary: str
    history: dict[str, tuple[float, ...]]


@dataclass(frozen=True)
class Weights:
    """A trained network in the store.

    Attributes:
        network: The network.
        key: What decided it.
        keras_file: The Keras model, which takes standardised windows.
        facts: About its training.
    """

    network: Network
    key: Key
    keras_file: Path
    facts: TrainingFacts

    @classmethod
    def of(cls, network: Network, entry: Entry) -> Self:
        """The trained network of an entry that `write_weights` has filled."""
        facts = TrainingFacts.model_validate_json((entry.path / _FACTS_FILE).read_bytes())
        return cls(network, entry.key, entry.path / _KERAS_FILE, facts)


def write_weights(directory: Path, trained: "Trained") -> None:
    """Write a training's result into an empty directory."""
    with warnings.catch_warnings():
        # Keras reads TensorFlow's variables in a way that numpy is going to change.
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        trained.model.save(directory / _KERAS_FILE)
    facts = TrainingFacts(
        sha256=_digest(trained),
        standardisation=Standardisation(
            mean=tuple(map(float, trained.mean)), scale=tuple(map(float, trained.scale))
        ),
        summary=trained.summary(),
        history=dict(trained.history),
    )
    (directory / _FACTS_FILE).write_text(facts.model_dump_json(indent=1), encoding="utf-8")


def _digest(trained: "Trained") -> str:
    hashed = hashlib.sha256()
    weights = (variable.numpy() for variable in trained.model.weights)
    for array in (*weights, trained.mean, trained.scale):
        hashed.update(f"{array.dtype.str}{array.shape}".encode())
        hashed.update(np.ascontiguousarray(array).data)
    return hashed.hexdigest()
