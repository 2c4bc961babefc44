"""Trained networks into ``.tflite`` files, by a child process that is allowed to crash.

One process converts a network with all its techniques. If it crashes or exceeds a time limit, a new
one goes on with the techniques that are left; each technique that failed is tried once more, alone
in a fresh process. So a crash of the converter is an error of one variant::

    windows = representative_windows(training)
    converted = convert("C_5", path_of_keras_file, standardise(windows.x))
    converted[Technique.FULL_INTEGER].model     # bytes, or raises ConversionError

Imports no TensorFlow; docs/decisions/0004 says why there is a process.
"""

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from models.catalog import Technique
from models.errors import ConversionError
from models.flatbuffer import ModelFileError, read
from models.input_range import saturated
from models.windows import Windows

WORKER = (sys.executable, "-m", "models.conversion_worker")
"""The command that converts; its protocol is in ``models.conversion_worker``."""


@dataclass(frozen=True)
class Limits:
    """How long a child may take.

    Attributes:
        start: Seconds from its start until it can convert; importing TensorFlow takes 5 to 7.
        technique: Seconds for a technique; measured are 0.3 to 1.2.
    """

    start: float = 300.0
    technique: float = 120.0


@dataclass(frozen=True)
class Converted:
    """What came of a technique.

    Attributes:
        technique: The technique.
        tflite: The model, or None if it could not be converted.
        error: What went wrong, of the last attempt; None if it was converted.
        attempts: How often it was tried, 1 or 2.
    """

    technique: Technique
    tflite: bytes | None
    error: str | None
    attempts: int

    @property
    def model(self) -> bytes:
        """The converted model.

        Raises:
            ConversionError: The technique could not be applied.
        """
        if self.tflite is None:
            raise ConversionError(self.error)
        return self.tflite


def representative_windows(training: Windows, *, each: int = 1, seed: int = 0) -> Windows:
    """Training windows from which full-integer quantization takes the ranges of activations.

    So many of each subject in each activity (fewer where there are fewer), drawn by the seed alone
    and in unchanged order. Ranges reach from the least to the greatest value seen, so many windows
    make them wide and the steps coarse: docs/decisions/0004 compares numbers of windows.
    """
    drawn: Counter[tuple[int, int]] = Counter()
    chosen = []
    for index in np.random.default_rng(seed).permutation(len(training)):
        cell = (int(training.subjects[index]), int(training.y[index]))
        if drawn[cell] < each:
            drawn[cell] += 1
            chosen.append(index)
    chosen.sort()
    return Windows(training.x[chosen], training.y[chosen], training.subjects[chosen])


def convert(
    network: str,
    keras_file: Path,
    representative: NDArray[np.float32],
    *,
    techniques: Sequence[Technique] = tuple(Technique),
    limits: Limits | None = None,
    worker: Sequence[str] = WORKER,
) -> dict[Technique, Converted]:
    """A trained network with each technique.

    Args:
        network: Its name, for messages.
        keras_file: The trained Keras model, which takes standardised windows.
        representative: (m, samples, channels) float32 standardised training windows; they set the
            ranges of the full-integer model, and what exceeds the input's range saturates.
        techniques: Which techniques.
        limits: How long the child may take.
        worker: The command that converts.

    Raises:
        ConversionError: The representative windows are none or not finite. A technique that fails
            raises nothing here; see ``Converted.model``.
    """
    _check(network, representative)
    with tempfile.TemporaryDirectory(prefix="har-conversion-") as scratch:
        job = _Job(network, keras_file, Path(scratch), limits or Limits(), worker)
        np.save(job.representative, saturated(representative))
        first = _convert_all(job, techniques)
        return {
            technique: converted if converted.error is None else _once_more(job, technique)
            for technique, converted in first.items()
        }


def _check(network: str, representative: NDArray[np.float32]) -> None:
    if not len(representative) or not np.isfinite(representative).all():
        raise ConversionError(
            f"{network}: {len(representative)} representative windows, of which "
            f"{np.isfinite(representative).all(axis=(1, 2)).sum()} are finite; full-integer "
            "quantization takes its ranges from them, so give some and check the standardisation"
        )


@dataclass(frozen=True)
class _Job:
    network: str
    keras_file: Path
    scratch: Path
    limits: Limits
    worker: Sequence[str]

    @property
    def representative(self) -> Path:
        return self.scratch / "representative.npy"

    @property
    def log(self) -> Path:
        return self.scratch / "log.txt"

    def output(self, technique: Technique) -> Path:
        return self.scratch / f"{technique}.tflite"

    def command(self, techniques: Sequence[Technique]) -> list[str]:
        files = (self.keras_file, self.representative, self.scratch)
        return [*self.worker, *map(str, files), *techniques]


def _convert_all(job: _Job, techniques: Sequence[Technique]) -> dict[Technique, Converted]:
    """Each technique once, in as many processes as it takes."""
    done: dict[Technique, Converted] = {}
    while left := [technique for technique in techniques if technique not in done]:
        for technique, error in _in_one_process(job, left).items():
            done[technique] = _collected(job, technique, error, attempts=1)
    return done


def _once_more(job: _Job, technique: Technique) -> Converted:
    job.output(technique).unlink(missing_ok=True)
    error = _in_one_process(job, [technique])[technique]
    return _collected(job, technique, error, attempts=2)


def _collected(job: _Job, technique: Technique, error: str | None, attempts: int) -> Converted:
    if error is None:
        try:
            tflite = job.output(technique).read_bytes()
            read(tflite)
            return Converted(technique, tflite, None, attempts)
        except (OSError, ModelFileError) as damage:
            error = str(damage)
    return Converted(technique, None, f"{job.network}-{technique}: {error}", attempts)


def _in_one_process(job: _Job, techniques: Sequence[Technique]) -> dict[Technique, str | None]:
    """What a child says of each technique it reached: an error, or None when it is done.

    A child that dies has reached the technique it was at; one that never got ready blames all.
    """
    outcomes: dict[Technique, str | None] = {}
    with _child(job, techniques) as child:
        if (fault := child.wait_for("ready", job.limits.start)) is not None:
            return dict.fromkeys(techniques, f"the conversion process did not start: {fault}")
        for technique in techniques:
            fault = child.wait_for(f"done {technique}", job.limits.technique)
            outcomes[technique] = fault
            if child.gone:
                break
    return outcomes


class _Child:
    """A running worker and the lines it has said."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process = process
        self._log = log
        self._lines: queue.Queue[str] = queue.Queue()
        self.gone = False
        """Whether it died or was given up."""
        threading.Thread(target=self._listen, args=(process.stdout,), daemon=True).start()

    def _listen(self, stdout: IO[str]) -> None:
        with stdout:
            for line in stdout:
                self._lines.put(line.rstrip("\n"))
        self._lines.put("")

    def wait_for(self, event: str, seconds: float) -> str | None:
        """None when the event comes, else what came instead of it."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                self.gone = True
                return f"no result within the time limit of {seconds:g} s; {self._last_words()}"
            if line == event:
                return None
            if line.startswith("failed "):
                return str(json.loads(line.split(maxsplit=2)[2]))
            if not line:
                self.gone = True
                return f"the converter crashed ({self._exit()}); {self._last_words()}"

    def _exit(self) -> str:
        code = self._process.wait()
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def _last_words(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "its last words: " + (" | ".join(lines[-5:]) or "none")


@contextmanager
def _child(job: _Job, techniques: Sequence[Technique]) -> Iterator[_Child]:
    """A worker that is gone when the block ends, however it ends."""
    with (
        job.log.open("w", encoding="utf-8") as log,
        subprocess.Popen(
            job.command(techniques),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            encoding="utf-8",
            env=_environment(job.scratch),
        ) as process,
    ):
        try:
            yield _Child(process, job.log)
        finally:
            process.kill()


def _environment(scratch: Path) -> dict[str, str]:
    """The parent's, with this very package on the path and TensorFlow quiet and without a GPU.

    Temporary files go to the scratch folder too: a killed process cannot remove its own.
    """
    package_root = str(Path(__file__).resolve().parents[1])
    path = os.environ.get("PYTHONPATH")
    return {
        **os.environ,
        "PYTHONPATH": f"{package_root}{os.pathsep}{path}" if path else package_root,
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "1",
        **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch)),
    }
