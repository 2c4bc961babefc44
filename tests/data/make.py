"""Makes the models of this folder: ``python -m tests.data.make`` (needs the extra ``models``).

Untrained networks of the two families, as small as they can be. No bias is zero: the converter
would share them. Each model gets golden windows with LiteRT's outputs, in the form of ``--golden``.
"""

import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.architecture import build
from models.catalog import CHANNELS, WINDOW_SAMPLES, Network, Technique
from models.conversion import convert
from models.flatbuffer import read
from models.runtimes import run_litert

FOLDER = Path(__file__).parent
GOLDEN = 2
MODELS = {
    # From 1,024 weights on, as in its first dense layer, dynamic quantization makes them integers.
    Network("tiny", filters=2, kernel=3, dense=10): tuple(Technique),
    Network("tiny_lstm", filters=2, kernel=3, dense=8, lstm=4): (
        Technique.LITE,
        Technique.FULL_INTEGER,
    ),
    # Each gate of its LSTM has so many weights, too.
    Network("hybrid_lstm", filters=32, kernel=1, dense=1, lstm=32): (Technique.DYNAMIC,),
    # Its convolution's output alone is 160 KiB.
    Network("large_arena", filters=320, kernel=1, dense=1, pool=128): (Technique.LITE,),
}


def main() -> None:
    """Write every model and its golden windows into this folder."""
    draw = np.random.default_rng(0)
    windows = draw.normal(size=(60, WINDOW_SAMPLES, CHANNELS)).astype(np.float32)
    for network, techniques in MODELS.items():
        with tempfile.TemporaryDirectory() as folder:
            keras_file = Path(folder, "network.keras")
            model = build(network)
            for variable in model.variables:
                if variable.path.endswith("bias"):
                    variable.assign(variable + draw.uniform(0.05, 0.2, variable.shape))
            model.save(keras_file)
            converted = convert(network.name, keras_file, windows, techniques=techniques)
        for technique, result in converted.items():
            _write(f"{network.name}-{technique}", result.model, windows[:GOLDEN])


def _write(name: str, model: bytes, windows: NDArray[np.float32]) -> None:
    (FOLDER / f"{name}.tflite").write_bytes(model)
    inputs = read(model).input.to_stored(windows)
    np.savez_compressed(FOLDER / f"{name}.npz", inputs=inputs, outputs=run_litert(model, windows))


if __name__ == "__main__":
    main()
