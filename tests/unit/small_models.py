"""Small networks, converted once for all tests of a run: a C net, a CL net and a user's own.

Untrained, but no bias is zero (the converter would share them) and the CL net's cell state goes far
beyond +-10, as those of trained ones do.
"""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from numpy.typing import NDArray

from models.catalog import NETWORKS, Network, Technique
from models.conversion import convert

WIDE = Network("wide", filters=32, kernel=5, dense=16, lstm=32, lstm_output="sequence")
"""Its D model has an LSTM with integer weights: those of each gate are 1,024 elements."""

_NETWORKS = (NETWORKS["C_2"], NETWORKS["CL_1"], WIDE)

_BUILD = """
import sys
import numpy as np
from pathlib import Path
from models.architecture import build
from models.threads import use_one_thread
from tests.unit import small_models

folder = Path(sys.argv[1])
draw = np.random.default_rng(0)
windows = np.load(folder / "windows.npy")
for network in small_models._NETWORKS:
    use_one_thread()
    model = build(network)
    for variable in model.variables:
        name = variable.path.rsplit("/", 1)[-1]
        if name in ("bias", "beta", "gamma", "moving_mean", "moving_variance"):
            variable.assign(variable + draw.uniform(0.05, 0.2, variable.shape))
    if network.name == "CL_1":
        cell = model.get_layer("lstm").cell
        kernel, bias = np.array(cell.kernel), np.array(cell.bias)
        bias[: 2 * network.lstm] = 6.0      # input and forget gate all but open
        bias[2 * network.lstm : 3 * network.lstm] = 0.0
        cell.kernel.assign(8 * kernel)
        cell.bias.assign(bias)
    model.save(folder / f"{network.name}.keras")
    np.save(folder / f"{network.name}.npy", model.predict(windows, verbose=0))
"""


@dataclass(frozen=True, eq=False)
class Small:
    """A network, what Keras computes for ``windows``, and its models."""

    network: Network
    keras_file: Path
    windows: NDArray[np.float32]
    keras_outputs: NDArray[np.float32]
    tflite: Mapping[Technique, bytes]


def small_models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Small]:
    """By name of the network; made by the first process of a run that asks."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if base.name.startswith("popen-") else base
    folder = shared / "small-models"
    with FileLock(shared / "small-models.lock"):
        if not (folder / "complete").exists():
            folder.mkdir()
            _make(folder)
            (folder / "complete").touch()
    windows = np.load(folder / "windows.npy")
    return {
        network.name: Small(
            network,
            folder / f"{network.name}.keras",
            windows,
            np.load(folder / f"{network.name}.npy"),
            {t: (folder / f"{network.name}-{t}.tflite").read_bytes() for t in Technique},
        )
        for network in _NETWORKS
    }


def _make(folder: Path) -> None:
    draw = np.random.default_rng(1)
    np.save(folder / "windows.npy", draw.normal(0, 0.4, size=(60, 128, 6)).astype(np.float32))
    subprocess.run(
        [sys.executable, "-c", _BUILD, folder], check=True, cwd=Path(__file__).parents[2]
    )
    for network in _NETWORKS:
        converted = convert(
            network.name, folder / f"{network.name}.keras", np.load(folder / "windows.npy")
        )
        for technique, result in converted.items():
            (folder / f"{network.name}-{technique}.tflite").write_bytes(result.model)
