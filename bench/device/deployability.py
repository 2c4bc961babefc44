"""Does a variant fit and run? Checked in steps before power is spent, then confirmed by the device.

Each step has its figure, its limit and, where both are numbers, its margin. The first step that is
not kept decides; later ones are not tried.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bench.device.arena import plan_arena
from bench.device.images import APP_PARTITION, MODEL_OFFSET, MODEL_PARTITION_OFFSET
from models.errors import ModelsError
from models.flatbuffer import read
from models.graph import FlatModel, Kernel, Tensor

StepName = Literal[
    "converts", "operators", "flash", "arena", "loads", "runs in time", "golden outputs"
]

SAMPLING_STEP = 64 / 50.0
"""Seconds between two windows of live samples: 64 samples at 50 Hz, as in UCI-HAR."""

_FLOAT_OR_INT8 = (
    "ADD",
    "MAX_POOL_2D",
    "AVERAGE_POOL_2D",
    "RESHAPE",
    "SOFTMAX",
    "STRIDED_SLICE",
)
_WEIGHTED = ("CONV_2D", "FULLY_CONNECTED", "UNIDIRECTIONAL_SEQUENCE_LSTM")
_TYPES = ("float32", "int8")
FIRMWARE_KERNELS = frozenset(
    [Kernel(name, kind, "", kind) for name in _FLOAT_OR_INT8 for kind in _TYPES]
    + [Kernel(name, kind, kind, kind) for name in _WEIGHTED for kind in _TYPES]
    + [Kernel("FULLY_CONNECTED", "float32", "int8", "float32")]
    + [Kernel("QUANTIZE", "float32", "", "int8"), Kernel("DEQUANTIZE", "int8", "", "float32")]
)
"""What the firmware registers: TensorFlow Lite Micro's kernels and the hybrid dense kernel."""


@dataclass(frozen=True)
class Step:
    """One question of deployability; `figure` and `limit` in `unit`, where it is about a number."""

    name: StepName
    kept: bool
    note: str = ""
    figure: float | None = None
    limit: float | None = None
    unit: str = ""

    @property
    def margin(self) -> float | None:
        """What is left below the limit, in `unit`."""
        if self.figure is None or self.limit is None:
            return None
        return self.limit - self.figure

    def __str__(self) -> str:
        verdict = "kept" if self.kept else "NOT kept"
        numbers = (
            f" {self.figure:,.6g} of {self.limit:,.6g} {self.unit}"
            if self.margin is not None
            else ""
        )
        return f"{self.name}: {verdict}{numbers}{f' ({self.note})' if self.note else ''}"


ProfileName = Literal["bench", "paper"]


@dataclass(frozen=True)
class Profile:
    """The device's layout.

    Attributes:
        name: ``bench``: the model in a partition of its own; ``paper``: inside the application.
        room: Bytes of the partition that the model must fit.
        overhead: Bytes of that partition that are not the model's.
        overhead_from: Where `overhead` comes from.
        arena: Bytes of heap that the firmware takes for the arena.
    """

    name: ProfileName
    room: int
    overhead: int
    overhead_from: str
    arena: int = 160 * 1024


FLASH_BYTES = 4 * 1024 * 1024
"""Flash of the ESP32-WROOM-32."""
BENCH = Profile(
    "bench",
    room=FLASH_BYTES - MODEL_PARTITION_OFFSET,
    overhead=MODEL_OFFSET,
    overhead_from="the partition's header",
)
PAPER_APP_RANGE = (APP_PARTITION - 409_936, APP_PARTITION - 258_280)
"""Bytes of application besides the model, between which Table 3's C column leaves it: C_5 under L
fits a 1 MB partition, C_6 under L does not. The sizes are those of our files of both."""


def paper_profile(app_bytes: int | None = None) -> Profile:
    """The authors' layout; `app_bytes` of a build, or None for what Table 3 itself implies."""
    if app_bytes is not None:
        return Profile("paper", APP_PARTITION, app_bytes, "built")
    return Profile("paper", APP_PARTITION, sum(PAPER_APP_RANGE) // 2, "inferred from Table 3")


def check_model(content: bytes, profile: Profile) -> tuple[Step, ...]:
    """The steps that need no device, up to the first that is not kept."""
    steps: list[Step] = []
    for step in _steps(content, profile):
        steps.append(step)
        if not step.kept:
            break
    return tuple(steps)


def _steps(content: bytes, profile: Profile) -> Iterator[Step]:
    """One after the other: what an operator that is not known needs cannot be planned."""
    try:
        model = read(content)
    except ModelsError as error:
        yield Step("converts", False, str(error))
        return
    yield Step("converts", True)
    yield _operators(model)
    yield _flash(len(content), profile)
    yield _arena(model, profile)


def _operators(model: FlatModel) -> Step:
    missing = sorted({model.kernel(op) for op in model.operators} - FIRMWARE_KERNELS, key=str)
    names = ", ".join(f"hybrid {k.operator} ({k})" if k.hybrid else str(k) for k in missing)
    note = f"the firmware has no kernel for {names}" if missing else ""
    return Step("operators", not missing, note)


def _flash(size: int, profile: Profile) -> Step:
    figure = size + profile.overhead
    note = f"{profile.overhead:,} B besides the model: {profile.overhead_from}"
    return Step("flash", figure <= profile.room, note, figure, profile.room, "B")


def _arena(model: FlatModel, profile: Profile) -> Step:
    figure = plan_arena(model).total
    return Step("arena", figure <= profile.arena, "planned", figure, profile.arena, "B")


def check_time(latency: float) -> Step:
    """Whether an inference of `latency` s ends before the next window of live samples."""
    return Step("runs in time", latency <= SAMPLING_STEP, "", latency, SAMPLING_STEP, "s")


def check_outputs(
    output: Tensor,
    expected: NDArray[np.generic],
    seen: Sequence[Sequence[float]],
    tolerance: float,
) -> Step:
    """Compare the device's outputs with the golden ones.

    Args:
        output: The model's output tensor.
        expected: (k, classes) golden outputs, in the tensor's own type.
        seen: (k, classes) the device's, dequantised.
        tolerance: Largest difference, in steps of an integer output, else in its own unit
            (`models.tolerance.output_tolerance`).

    Classes must be equal, but where the golden output's own lead is within the tolerance.
    """
    reference = output.to_real(expected).reshape(len(expected), -1).astype(np.float64)
    lengths = [len(row) for row in seen]
    if lengths != [reference.shape[1]] * len(reference):
        wanted = f"{len(reference)} outputs of {reference.shape[1]} values"
        return Step("golden outputs", False, f"outputs of {lengths} values, wanted {wanted}")
    values = np.asarray(seen, dtype=np.float64)
    quantised = output.quantisation
    unit, step = ("1", 1.0) if quantised is None else ("steps", quantised.scale[0])
    difference = np.abs(values - reference) / step
    worst = float(np.max(np.where(np.isfinite(difference), difference, np.inf)))
    leading = np.sort(reference, axis=1)[:, -2:]
    clear = (leading[:, -1] - leading[:, 0]) / step > 2 * tolerance
    other = clear & (reference.argmax(axis=1) != values.argmax(axis=1))
    kept = worst <= tolerance and not other.any()
    note = f"{len(values)} windows, {int(other.sum())} of another class"
    return Step("golden outputs", kept, note, worst, tolerance, unit)
