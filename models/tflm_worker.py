"""Runs windows through TensorFlow Lite for Microcontrollers, in a process that may hang or crash.

Started by ``models.runtimes`` as ``python -m models.tflm_worker MODEL.tflite INPUTS.npy OUTPUTS.npy
SECONDS``; Linux only, as tflite-micro is. What TFLM says goes to standard error, at the end with
its account of the arena; exit code ``REFUSED`` says that it does not take the model.
"""

import resource
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tflite_micro.python.tflite_micro import runtime

REFUSED = 3
"""Exit code of a model that TFLM does not take."""

ARENA_BYTES = 4 * 1024 * 1024
"""More than any ESP32 has, so it is the model that decides what is used."""


def main(arguments: Sequence[str]) -> int:
    """Run every window; the exit code says how it ended."""
    model, inputs, outputs, seconds = arguments
    # The kernel ends an operator that never returns, also when the parent was killed.
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
    try:
        interpreter = runtime.Interpreter.from_bytes(
            Path(model).read_bytes(), arena_size=ARENA_BYTES
        )
    except RuntimeError as refusal:
        print(refusal, file=sys.stderr)
        return REFUSED
    results = []
    for window in np.load(inputs):
        interpreter.reset()  # an LSTM would go on from the window before
        interpreter.set_input(window[np.newaxis], 0)
        interpreter.invoke()
        results.append(interpreter.get_output(0)[0].copy())
    np.save(outputs, np.stack(results))
    interpreter.print_allocations()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
