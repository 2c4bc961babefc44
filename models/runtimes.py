"""Windows through the three runtimes: Keras, LiteRT and TensorFlow Lite for Microcontrollers.

All take standardised windows, (n, 128, 6) float32, and give one row of outputs for each::

    run_keras(path, windows)        # (n, 6) float32
    run_litert(model, windows)      # (n, 6) of the output tensor's own type
    run_tflm(model, windows)        # Ran(outputs, arena), Refused(message) or NotRun(reason)

The LSTM's state lasts from one inference to the next in both small runtimes, so it is reset before
every window; without, up to a third of the windows of an integer network come out otherwise.
"""

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.errors import EvaluationError
from models.flatbuffer import read

TFLM_WORKER = (sys.executable, "-m", "models.tflm_worker")
"""The command that runs TFLM; its protocol is in ``models.tflm_worker``."""

TFLM_SECONDS = 300.0
"""Time limit for all windows of a model; measured are 0.1 to 2.4 s for 2,700 windows."""

_REFUSED = 3
"""The worker's exit code; the worker itself can only be imported where TFLM is installed."""


@dataclass(frozen=True, eq=False)
class Ran:
    """What TFLM computed.

    Attributes:
        outputs: (n, activities) of the output tensor's own type.
        arena: Bytes of the tensor arena that it used, on this 64-bit machine: on 32 bits fewer.
    """

    outputs: NDArray[Any]
    arena: int


@dataclass(frozen=True)
class Refused:
    """TFLM does not take the model.

    Attributes:
        message: Its own words, such as "Input type: FLOAT32 with filter type: INT8 not supported."
    """

    message: str


@dataclass(frozen=True)
class NotRun:
    """TFLM was not asked.

    Attributes:
        reason: Why not.
    """

    reason: str


def run_keras(keras_file: Path, windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The outputs of a trained Keras model. Imports TensorFlow."""
    import keras

    model = keras.models.load_model(keras_file, compile=False)
    return np.asarray(model.predict(windows, batch_size=512, verbose=0), dtype=np.float32)


def run_litert(model: bytes, windows: NDArray[np.float32]) -> NDArray[Any]:
    """The outputs of a ``.tflite`` model in LiteRT, on one thread.

    With the reference kernels: they give the same on every processor, which the optimised ones and
    the XNNPACK delegate do not.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=model,
        num_threads=1,
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
    )
    interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]["index"]
    result = interpreter.get_output_details()[0]["index"]
    outputs = []
    for window in read(model).input.to_stored(windows):
        interpreter.reset_all_variables()
        interpreter.set_tensor(source, window[np.newaxis])
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(result)[0])
    return np.stack(outputs)


def run_tflm(
    model: bytes,
    windows: NDArray[np.float32],
    *,
    seconds: float = TFLM_SECONDS,
    worker: Sequence[str] = TFLM_WORKER,
) -> Ran | Refused | NotRun:
    """The outputs of a ``.tflite`` model in TFLM, from a process of its own with a time limit.

    Raises:
        EvaluationError: TFLM took the model, but crashed, hung or gave what is no number.
    """
    if importlib.util.find_spec("tflite_micro") is None:
        return NotRun("tflite-micro is not installed; it exists for Linux on x86-64")
    with tempfile.TemporaryDirectory(prefix="har-tflm-") as scratch:
        files = [Path(scratch, name) for name in ("model.tflite", "inputs.npy", "outputs.npy")]
        files[0].write_bytes(model)
        np.save(files[1], read(model).input.to_stored(windows))
        command = [*worker, *map(str, files), f"{seconds:.0f}"]
        code, said = _run(command, seconds)
        if code == _REFUSED:
            return Refused(" | ".join(said.splitlines()))
        if code != 0:
            raise EvaluationError(
                f"TFLM ended with code {code} on {len(windows):,} windows: {said[-500:]}; such a "
                "model must not be flashed, so look at its operators"
            )
        outputs = np.load(files[2])
    if not np.isfinite(outputs).all():
        raise EvaluationError(
            f"TFLM gave NaN or infinity for {(~np.isfinite(outputs).all(axis=1)).sum():,} of "
            f"{len(windows):,} windows, as it does for a hybrid LSTM; do not flash this model"
        )
    return Ran(outputs, _arena(said))


def _run(command: Sequence[str], seconds: float) -> tuple[int, str]:
    package_root = str(Path(__file__).resolve().parents[1])
    path = [package_root, *filter(None, [os.environ.get("PYTHONPATH")])]
    try:
        child = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
        )
    except subprocess.TimeoutExpired as error:
        raise EvaluationError(
            f"TFLM did not finish within the time limit of {seconds:g} s; a loop operator (WHILE) "
            "does that, so convert the LSTM to its fused operator"
        ) from error
    return child.returncode, child.stderr.strip()


def _arena(said: str) -> int:
    match = re.search(r"Arena allocation total (\d+) bytes", said)
    if match is None:
        raise EvaluationError(f"TFLM gave no account of its arena but {said[-500:]!r}")
    return int(match.group(1))
