"""Converts one network, in a process that may crash or hang without harm to anyone.

Started by ``models.conversion`` as ``python -m models.conversion_worker NETWORK.keras
REPRESENTATIVE.npy FOLDER TECHNIQUE...``. It leaves ``FOLDER/L.tflite`` and so on, and says what it
does in lines on its standard output: ``ready``, ``started L``, ``done L``, ``failed L "message"``
(the message as JSON). It ends when its standard input does, so it never outlives its parent.
"""

import json
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import numpy as np

from models.catalog import Technique

ORPHANED = 4
"""Exit code of a worker whose parent is gone."""


def main(arguments: Sequence[str]) -> None:
    """Convert the network with each technique in turn."""
    network, representative, folder, *techniques = arguments
    events = _private_stdout()
    threading.Thread(target=_end_with_parent, daemon=True).start()

    import keras

    from models.compression import compress

    model = keras.models.load_model(network, compile=False)
    windows = np.load(representative)
    print("ready", file=events, flush=True)
    for technique in map(Technique, techniques):
        print("started", technique, file=events, flush=True)
        try:
            tflite = compress(model, technique, windows)
            Path(folder, f"{technique}.tflite").write_bytes(tflite)
        except Exception as error:
            message = f"{type(error).__name__}: {error}"
            print("failed", technique, json.dumps(message), file=events, flush=True)
        else:
            print("done", technique, file=events, flush=True)


def _private_stdout() -> TextIO:
    """Standard output for the events alone; what the converter prints there goes to the log."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return events


def _end_with_parent() -> None:
    # Not through sys.stdin: a thread that waits in its buffer aborts the interpreter's exit.
    while os.read(0, 1):
        pass
    os._exit(ORPHANED)


if __name__ == "__main__":
    main(sys.argv[1:])
