"""A trained network as the store holds it: the Keras model, and what is known about it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict

from models.catalog import Network
from models.keys import Key
from models.manifest import Sha256, Standardisation
from models.store import Entry

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
        history: What was recorded after each epoch, by name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: Sha256
    standardisation: Standardisation
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


def write_weights(directory: Path, network: Network, trained: "Trained") -> None:
    """Write a training's result into an empty directory."""
    trained.model.save(directory / _KERAS_FILE)
