"""A model that a user brings: any ``.tflite`` file, and an ``.npz`` file of golden windows."""

import hashlib
import io
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.device.images import ModelImage
from bench.errors import BenchError
from bench.report.record import ModelRecord
from bench.run.selection import OWN
from bench.run.subject import Subject, golden_inputs
from models.errors import ModelsError
from models.flatbuffer import read
from models.graph import FlatModel, Tensor


class OwnModelError(BenchError):
    """A user's files that cannot be used together."""


@dataclass(frozen=True)
class OwnModel:
    """A user's own model.

    Attributes:
        name: From the file's name.
        content: The ``.tflite`` file.
        inputs: (k, ...) golden inputs in the input tensor's own type.
        outputs: (k, ...) what must come out, in the output tensor's own type.
    """

    name: str
    content: bytes
    inputs: NDArray[np.generic]
    outputs: NDArray[np.generic]

    def subject(self) -> Subject:
        """What is put on the device; the device takes the input tensor's own bytes."""
        image = ModelImage(self.name, OWN, self.content)
        return Subject(image, tuple(golden_inputs(None, self.inputs)), self.outputs)

    def record(self) -> ModelRecord:
        """The model as a record."""
        model = read(self.content)
        return ModelRecord(
            size=len(self.content),
            sha256=hashlib.sha256(self.content).hexdigest(),
            crc32=zlib.crc32(self.content),
            kernels=tuple(f"{n} x {kernel}" for kernel, n in sorted(model.kernels().items())),
        )


def load_own(model: Path, golden: Path) -> OwnModel:
    """Read a user's model and golden windows.

    Raises:
        OwnModelError: A file cannot be read, or they do not fit each other, naming file and array.
    """
    try:
        content = model.read_bytes()
        graph = read(content)
    except OSError as error:
        raise OwnModelError(
            f"--model {model}: cannot be read: {error.strerror}: name a .tflite file"
        ) from error
    except ModelsError as error:
        raise OwnModelError(f"--model {model}: {error}") from error
    arrays = _arrays(golden)
    _fits(golden, "inputs", arrays["inputs"], graph.input)
    _fits(golden, "outputs", arrays["outputs"], graph.output)
    if len(arrays["inputs"]) != len(arrays["outputs"]):
        raise OwnModelError(
            f"--golden {golden}: {len(arrays['inputs'])} inputs and {len(arrays['outputs'])} "
            "outputs; wanted as many of each"
        )
    _one_of_each(model, graph)
    # The device's console and the header of its partition speak ASCII.
    name = "".join(c if c.isascii() and c.isalnum() else "_" for c in model.stem)[:40]
    return OwnModel(name, content, arrays["inputs"], arrays["outputs"])


def _arrays(path: Path) -> dict[str, NDArray[np.generic]]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise OwnModelError(
            f"--golden {path}: cannot be read: {error.strerror}: docs/own-model.md tells how to "
            "make it"
        ) from error
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            return {name: file[name] for name in ("inputs", "outputs")}
    except Exception as error:  # zipfile's, zlib's, tokenize's or its own: numpy lets all pass
        raise OwnModelError(
            f"--golden {path}: {error or type(error).__name__}: wanted a .npz file with the arrays "
            "inputs and outputs, made by numpy.savez"
        ) from error


def _fits(path: Path, name: str, array: NDArray[np.generic], tensor: Tensor) -> None:
    one = int(np.prod(tensor.shape))
    if array.ndim < 2 or len(array) == 0 or array[0].size != one or array.dtype != tensor.dtype:
        raise OwnModelError(
            f"--golden {path}: {name} is {array.dtype} of shape {array.shape}, wanted "
            f"{tensor.dtype} of shape (k, {', '.join(map(str, tensor.shape))}): the tensor's type"
        )


def _one_of_each(path: Path, graph: FlatModel) -> None:
    if (len(graph.inputs), len(graph.outputs)) != (1, 1):
        raise OwnModelError(
            f"--model {path}: {len(graph.inputs)} inputs and {len(graph.outputs)} outputs; the "
            "firmware takes models with one of each"
        )
