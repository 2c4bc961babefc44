"""The manifest of a variant: everything about a ``.tflite`` file that its users rely on.

It lies beside the model and its golden windows, and is all that the bench knows about a model.
"""

import hashlib
import zlib
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, ValidationError, model_validator

from models.accuracy import Accuracies, Agreement
from models.catalog import CHANNELS, Network, Technique, Variant
from models.errors import ModelsError
from models.file_part import Count, FilePart, Sha256
from models.graph import FlatModel, Tensor
from models.windows import Windows

FILE = "manifest.json"

PerChannel = Annotated[tuple[float, ...], Field(min_length=CHANNELS, max_length=CHANNELS)]


class ModelFile(FilePart):
    """The model: its file name beside the manifest, size in bytes, SHA-256 and CRC-32 (zlib's)."""

    file: str
    size: Count
    sha256: Sha256
    crc32: Annotated[int, Field(ge=0, lt=2**32)]

    @classmethod
    def of(cls, file: str, content: bytes) -> Self:
        """The description of ``content`` under the name ``file``."""
        return cls(
            file=file,
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            crc32=zlib.crc32(content),
        )


class GoldenFile(FilePart):
    """The golden windows (`models.golden`): file name, SHA-256 and how many there are."""

    file: str
    sha256: Sha256
    windows: Annotated[int, Field(ge=1)]


class OperatorUse(FilePart):
    """How often an operator occurs with one combination of types.

    Attributes:
        operator: TensorFlow Lite's name, such as ``FULLY_CONNECTED``.
        input: Type of its first input, such as ``float32``.
        weights: Type of its weights, empty for an operator without.
        output: Type of its first output.
        count: How many of them the graph has.
    """

    operator: str
    input: str
    weights: str
    output: str
    count: Annotated[int, Field(ge=1)]

    @classmethod
    def all_of(cls, model: FlatModel) -> tuple[Self, ...]:
        """What ``model`` uses, in the order of first use."""
        return tuple(
            cls(**asdict(kernel), count=count) for kernel, count in model.kernels().items()
        )


class TensorFacts(FilePart):
    """The model's input or output; ``value = scale * (stored - zero_point)`` where quantised."""

    dtype: Literal["float32", "int8"]
    shape: tuple[int, ...]
    scale: float | None = None
    zero_point: int | None = None

    @model_validator(mode="after")
    def _integers_have_a_scale(self) -> Self:
        quantised = self.scale is not None and self.zero_point is not None
        if quantised != (self.dtype == "int8"):
            raise ValueError("int8 needs scale and zero_point, float32 has neither")
        return self

    @classmethod
    def of(cls, tensor: Tensor) -> Self:
        """The description of a model's input or output."""
        quantisation = tensor.quantisation
        return cls.model_validate(
            {
                "dtype": tensor.dtype,
                "shape": tensor.shape,
                "scale": quantisation and quantisation.scale[0],
                "zero_point": quantisation and quantisation.zero_point[0],
            }
        )


class Standardisation(FilePart):
    """``(window - mean) / scale`` for each channel is what the model takes; in g and rad/s."""

    mean: PerChannel
    scale: PerChannel

    def apply(self, windows: Windows) -> Windows:
        """``windows`` as the model takes them, computed in float32."""
        mean, scale = np.asarray(self.mean, np.float32), np.asarray(self.scale, np.float32)
        return replace(windows, x=(windows.x - mean) / scale)


class DatasetFacts(FilePart):
    """The data set's name and the hash of its content."""

    name: Literal["uci-har", "surrogate"]
    digest: str


class NetworkFacts(FilePart):
    """The network's fields, as in `models.catalog.Network`."""

    name: str
    filters: int
    kernel: int
    dense: int
    pool: int
    lstm: int | None
    lstm_output: Literal["last", "sequence"]

    @classmethod
    def of(cls, network: Network) -> Self:
        """The description of ``network``."""
        return cls(**asdict(network))


class Provenance(FilePart):
    """Hashes of what the variant was made from: keys of the store, and the weights themselves."""

    weights_key: Sha256
    weights_sha256: Sha256
    model_key: Sha256
    variant_key: Sha256


class Manifest(FilePart):
    """A variant, complete.

    Attributes:
        format: The version of this format.
        network: The network.
        technique: The technique.
        dataset: What it was trained and tested on.
        fold: The fold of test subjects.
        seed: The seed of its training.
        model: Its file.
        golden: The file of its golden windows.
        operators: Its operators with their types.
        macs: Multiply-accumulates of one inference.
        parameters: Trained parameters of the network.
        input: Its input tensor.
        output: Its output tensor, the softmax over the activities.
        standardisation: What is done to a window first.
        accuracy: By runtime.
        agreement: Of TFLM with LiteRT; None where TFLM has not run it.
        arena_tflm_host: Bytes of tensor arena that TFLM uses on a 64-bit host, likewise.
        provenance: What it was made from.
        versions: Of the libraries that made it.
    """

    format: Literal[1] = 1
    network: NetworkFacts
    technique: Technique
    dataset: DatasetFacts
    fold: int
    seed: int
    model: ModelFile
    golden: GoldenFile
    operators: tuple[OperatorUse, ...]
    macs: Count
    parameters: Count
    input: TensorFacts
    output: TensorFacts
    standardisation: Standardisation
    accuracy: Accuracies
    agreement: Agreement | None
    arena_tflm_host: Count | None
    provenance: Provenance
    versions: dict[str, str | None]

    @property
    def variant(self) -> Variant:
        """The variant that this describes."""
        return Variant(Network(**self.network.model_dump()), self.technique)

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8", newline="\n")


def read(directory: Path) -> Manifest:
    """The manifest in ``directory``, after checking that the files it names are beside it.

    Raises:
        ModelsError: It is missing or not valid, or a file that it names is missing or another.
    """
    path = directory / FILE
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
        for name, wanted in (
            (manifest.model.file, manifest.model.sha256),
            (manifest.golden.file, manifest.golden.sha256),
        ):
            seen = hashlib.sha256((directory / name).read_bytes()).hexdigest()
            if seen != wanted:
                raise _unusable(path, f"{name} is another file: SHA-256 {seen}, wanted {wanted}")
    except OSError as error:
        raise _unusable(path, f"{error.filename}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the whole"
        raise _unusable(path, f"{field}: {first['msg']}") from error
    return manifest


def _unusable(path: Path, what: str) -> ModelsError:
    return ModelsError(f"{path}: {what}; export the variant again (`python -m models export`)")
