"""Golden windows: inputs with the outputs that a device has to reproduce.

Taken from the test subjects, who had no part in making the model, balanced over the activities and
over as many subjects as there are, and the same for all variants of a fold.
"""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.catalog import ACTIVITIES
from models.errors import ModelsError
from models.windows import Windows

FILE = "golden.npz"
PER_ACTIVITY = 2


@dataclass(frozen=True, eq=False)
class Golden:
    """Windows in physical units, what the model is fed for them, and what has to come out.

    Attributes:
        windows: (k, 128, 6) float32, acceleration in g and angular rate in rad/s.
        labels: (k,) int64, index into ``catalog.ACTIVITIES``.
        inputs: (k, 128, 6), standardised and in the type of the model's input tensor.
        outputs: (k, 6), LiteRT's, in the type of the model's output tensor.
    """

    windows: NDArray[np.float32]
    labels: NDArray[np.int64]
    inputs: NDArray[np.float32] | NDArray[np.int8]
    outputs: NDArray[np.float32] | NDArray[np.int8]

    def write(self, path: Path) -> None:
        """Write it as an ``.npz`` file; the same bytes for the same content."""
        np.savez(
            path,
            windows=self.windows,
            labels=self.labels,
            inputs=self.inputs,
            outputs=self.outputs,
        )


def read(path: Path) -> Golden:
    """Read what `Golden.write` wrote.

    Raises:
        ModelsError: The file is missing, damaged, or holds something else.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
            return Golden(
                windows=arrays["windows"],
                labels=arrays["labels"],
                inputs=arrays["inputs"],
                outputs=arrays["outputs"],
            )
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ModelsError(
            f"{path}: no golden windows can be read from it ({error}); wanted an .npz with windows,"
            " labels, inputs and outputs. Export the variant again (`python -m models export`)"
        ) from error


def choose(test: Windows, *, seed: int = 0) -> NDArray[np.intp]:
    """Indices of the golden windows: two of each activity, of two subjects where there are two."""
    draw = np.random.default_rng(seed)
    chosen: list[np.intp] = []
    for activity in range(len(ACTIVITIES)):
        candidates = draw.permutation(np.flatnonzero(test.y == activity))
        _, firsts = np.unique(test.subjects[candidates], return_index=True)
        others = np.setdiff1d(np.arange(len(candidates)), firsts)
        chosen += list(candidates[np.concatenate([np.sort(firsts), others])[:PER_ACTIVITY]])
    return np.array(chosen, dtype=np.intp)
