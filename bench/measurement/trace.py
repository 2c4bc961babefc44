"""The sampled signals of one window, and the TDMS file that keeps them."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
from nptdms import ChannelObject, GroupObject, RootObject, TdmsFile, TdmsWriter
from numpy.typing import NDArray

from bench.errors import MeasurementError

Floats: TypeAlias = NDArray[np.float64]

FORMAT = "har-energy-bench trace 1"
GROUP = "trace"
CHANNELS = ("supply", "shunt", "marker")


class TraceFileError(MeasurementError):
    """A trace file that cannot be written, or that is not what was written."""


@dataclass(frozen=True, eq=False)
class Trace:
    """Three voltages sampled together, `n` samples each, read-only.

    Attributes:
        rate: Samples per second by the card's nominal clock.
        trigger_index: The first sample at or after the trigger; the number of samples before it.
        supply: Voltage at the supply's side of the shunt, V, shape (n,).
        shunt: Voltage across the shunt, V, shape (n,).
        marker: Voltage of the marker pin, V, shape (n,).
        about: What a person who finds the file wants to know; no part of any computation.

    Raises:
        MeasurementError: The channels differ in length, or the rate or the trigger is impossible.
    """

    rate: float
    trigger_index: int
    supply: Floats
    shunt: Floats
    marker: Floats
    about: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in CHANNELS:
            samples = np.ascontiguousarray(getattr(self, name), dtype=np.float64).view()
            samples.flags.writeable = False
            object.__setattr__(self, name, samples)
        shapes = {name: getattr(self, name).shape for name in CHANNELS}
        if len(set(shapes.values())) != 1 or self.supply.ndim != 1:
            raise MeasurementError(
                f"trace: channels of shapes {shapes}; wanted one sequence of the same length each"
            )
        if not (np.isfinite(self.rate) and self.rate > 0.0):
            raise MeasurementError(f"trace: rate {self.rate!r} S/s; wanted a positive number")
        if not 0 <= self.trigger_index < max(1, len(self)):
            raise MeasurementError(
                f"trace: trigger at sample {self.trigger_index}, outside of {len(self)} samples"
            )

    def __len__(self) -> int:
        return int(self.supply.shape[0])


def save(trace: Trace, path: Path) -> str:
    """Write `trace` as TDMS and return the file's SHA-256; the same trace gives the same bytes.

    Raises:
        TraceFileError: The file cannot be written; then nothing of it is left.
    """
    root = RootObject(
        {
            "name": FORMAT,
            "rate": float(trace.rate),
            "samples": len(trace),
            "trigger_index": int(trace.trigger_index),
        }
    )
    group = GroupObject(GROUP, dict(sorted(trace.about.items())))
    waveform = {
        "unit_string": "V",
        "wf_increment": 1.0 / trace.rate,
        "wf_start_offset": -trace.trigger_index / trace.rate,
        "wf_samples": len(trace),
    }
    channels = [ChannelObject(GROUP, name, getattr(trace, name), waveform) for name in CHANNELS]
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with TdmsWriter(partial) as writer:
            writer.write_segment([root, group, *channels])
        digest = sha256(partial)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise TraceFileError(
            f"{path}: cannot write the trace ({error}); make room or name another directory"
        ) from error
    return digest


def load(path: Path, expected_sha256: str | None = None) -> Trace:
    """Read a trace that `save` wrote, bit for bit.

    Raises:
        TraceFileError: No such file, not such a file, truncated, or not of the expected SHA-256.
    """
    if expected_sha256 is not None and (seen := sha256(path)) != expected_sha256:
        raise TraceFileError(
            f"{path}: SHA-256 {seen}; the record wants {expected_sha256}; "
            "take the file that belongs to this record"
        )
    try:
        with TdmsFile.read(path) as file:
            trace = _from_tdms(file)
            written = int(file.properties["samples"])
    except Exception as error:  # a parser given any bytes at all
        raise TraceFileError(f"{path}: not a trace file of this bench ({error!r})") from error
    if len(trace) != written:
        raise TraceFileError(
            f"{path}: {len(trace)} of {written} samples; the file was cut short, copy it again"
        )
    return trace


def _from_tdms(file: TdmsFile) -> Trace:
    if file.properties["name"] != FORMAT:
        raise TraceFileError(f"its name is {file.properties['name']!r}, wanted {FORMAT!r}")
    group = file[GROUP]
    return Trace(
        rate=float(file.properties["rate"]),
        trigger_index=int(file.properties["trigger_index"]),
        **{name: group[name][:] for name in CHANNELS},
        about={key: str(value) for key, value in group.properties.items()},
    )


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal; `TraceFileError` if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise TraceFileError(
            f"{path}: cannot read the trace: {error.strerror}: it belongs into the folder traces "
            "beside its report"
        ) from error
