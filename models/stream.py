"""A stream of live samples, stitched from windows of a data set, as an MPU-6050 would give it.

Neighbouring windows of a recording share 64 samples exactly. Where they do, they are joined again
to the recording that they were cut from; between two recordings the sensor is silent for a while,
so that whoever collects windows must start afresh there. The samples are rounded to the sensor's
steps: what a device sees, and so what a reference must be given, is `Stream.windows`.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.catalog import ACTIVITIES, CHANNELS, WINDOW_SAMPLES
from models.errors import DatasetError
from models.windows import Windows

STEP = WINDOW_SAMPLES // 2
"""Samples from one window to the next."""

STRETCH_WINDOWS = 3
"""Windows that follow each other without a break: the least with two whole steps between them."""

BREAK = 80
"""Sampling periods of silence between two recordings: 1.6 s, longer than any inference that keeps
up with the samples, so that a device is not busy when it could notice."""

LSB_PER_G = 8192.0
LSB_PER_DEGREE = 65.5
"""Steps of the MPU-6050 for 1 g at +-4 g and for 1 degree/s at +-500 degrees/s (its data sheet)."""

_RADIANS = np.float32(np.pi / 180.0) / np.float32(LSB_PER_DEGREE)
STEPS = np.array([np.float32(1.0 / LSB_PER_G)] * 3 + [_RADIANS] * 3, dtype=np.float32)
"""(6,) size of one step of each channel in g and rad/s, as the firmware multiplies with it."""


@dataclass(frozen=True, eq=False)
class Stream:
    """Samples at 50 Hz and the windows that they make up.

    Attributes:
        samples: (n, 6) int16: the sensor's registers, acceleration x, y, z, angular rate x, y, z.
        periods: (n,) int64 from 0 on: how many sampling periods after the first each comes.
        windows: The windows of 128 samples, 64 apart, that do not span a break, in g and rad/s.
    """

    samples: NDArray[np.int16]
    periods: NDArray[np.int64]
    windows: Windows

    @property
    def breaks(self) -> int:
        """How often the sensor is silent."""
        return int((np.diff(self.periods) > 1).sum())

    def write(self, path: Path) -> None:
        """Write it as the ``.npz`` file that ``python -m bench twin --sensor`` reads."""
        with path.open("wb") as file:
            np.savez(file, samples=self.samples, periods=self.periods)


def quantised(x: NDArray[np.float32]) -> NDArray[np.int16]:
    """The sensor's registers for (..., 6) values in g and rad/s, clipped at its range."""
    limits = np.iinfo(np.int16)
    return np.asarray(np.clip(np.rint(x / STEPS), limits.min, limits.max), dtype=np.int16)


def physical(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """(..., 6) registers in g and rad/s, computed in float32 as the firmware does."""
    return samples.astype(np.float32) * STEPS


def stretches(windows: Windows) -> list[range]:
    """Indices of the windows that follow each other in a recording, in order; longest possible."""
    x, y, subjects = windows.x, windows.y, windows.subjects
    joined = (x[:-1, STEP:] == x[1:, :STEP]).all(axis=(1, 2))
    joined &= (y[:-1] == y[1:]) & (subjects[:-1] == subjects[1:])
    ends = [*(np.flatnonzero(~joined) + 1).tolist(), len(windows)]
    return [range(begin, end) for begin, end in zip([0, *ends], ends, strict=False) if end > begin]


def stitched(test: Windows, *, seed: int = 0) -> Stream:
    """A stream of one stretch of each activity, `STRETCH_WINDOWS` windows long.

    Args:
        test: Windows in the order of the recording, in g and rad/s.
        seed: Decides which stretches.

    Raises:
        DatasetError: No windows follow each other for that long.
    """
    draw = np.random.default_rng(seed)
    long_enough = [each for each in stretches(test) if len(each) >= STRETCH_WINDOWS]
    chosen = []
    for activity in range(len(ACTIVITIES)):
        candidates = [each for each in long_enough if test.y[each.start] == activity]
        if candidates:
            chosen.append(candidates[draw.integers(len(candidates))][:STRETCH_WINDOWS])
    if not chosen:
        raise DatasetError(
            f"stream: none of {len(test):,} windows are followed by {STRETCH_WINDOWS - 1} that "
            "share half of their samples each; wanted windows in the order of their recording"
        )
    pieces = [quantised(_joined(test.x[each.start : each.stop])) for each in chosen]
    indices = np.concatenate([np.arange(each.start, each.stop) for each in chosen])
    cut = np.concatenate([_cut(physical(piece)) for piece in pieces])
    return Stream(
        np.concatenate(pieces),
        _periods([len(piece) for piece in pieces]),
        Windows(cut, test.y[indices], test.subjects[indices]),
    )


def _joined(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The recording that overlapping windows were cut from."""
    return np.concatenate([windows[0, :STEP], windows[:, STEP:].reshape(-1, CHANNELS)])


def _cut(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    starts = range(0, len(samples) - STEP, STEP)
    return np.stack([samples[start : start + WINDOW_SAMPLES] for start in starts])


def _periods(lengths: list[int]) -> NDArray[np.int64]:
    steps = np.ones(sum(lengths), dtype=np.int64)
    steps[np.cumsum([0, *lengths[:-1]])] = BREAK + 1
    steps[0] = 0
    return np.asarray(steps.cumsum())
