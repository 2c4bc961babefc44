"""Training windows as other people, wearing the sensor otherwise, would have given them.

Networks fail on new subjects, not on new windows of known ones: people differ in where on the belt
the phone sits, how it leans and how vigorously they move. Each epoch therefore sees each window
turned, leaned, amplified and cut anew. What each part is worth: docs/decisions/0003.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.catalog import WINDOW_SAMPLES
from models.windows import Windows

_STEP = WINDOW_SAMPLES // 2
"""Neighbouring windows of a stretch share the other half of their samples."""
_ACCELERATION, _RATE = slice(0, 3), slice(3, 6)


@dataclass(frozen=True)
class Augmentation:
    """How far a window is changed, drawn anew for each window in each epoch.

    Attributes:
        turn: Standard deviation of the rotation about the sensor's x axis in rad, which points up
            in a standing person: where around the belt the phone sits.
        lean: Standard deviation of the rotation about each of the other two axes in rad.
        vigour: Standard deviation of the logarithm of a factor on all motion, that is on angular
            rate and on what acceleration differs by from its mean (which is taken for gravity).
        shift: Greatest offset in samples, either way, at which a window is cut from its stretch.
    """

    turn: float
    lean: float
    vigour: float
    shift: int


@dataclass(frozen=True, eq=False)
class Stretches:
    """Windows joined where they overlap, from which windows at any offset can be cut.

    Attributes:
        samples: (m, 6) float32: the stretches, one after the other.
        start: (n,) where each of the n windows begins in ``samples``.
        first: (n,) where its stretch begins.
        last: (n,) where the last whole window of its stretch begins.
    """

    samples: NDArray[np.float32]
    start: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]


def join(windows: Windows) -> Stretches:
    """The stretches of windows that are in the order of their recording.

    Two windows join where subject and activity are the same and the second half of one is, to the
    bit, the first half of the next.
    """
    joined = (
        (windows.subjects[1:] == windows.subjects[:-1])
        & (windows.y[1:] == windows.y[:-1])
        & (windows.x[1:, :_STEP] == windows.x[:-1, _STEP:]).all(axis=(1, 2))
    )
    begins = np.concatenate([[True], ~joined])
    stretch = np.cumsum(begins) - 1
    # Each window adds its second half, and the first of a stretch its first half too.
    start = _STEP * (np.arange(len(windows)) + stretch)
    pieces = [
        piece
        for window, new in zip(windows.x, begins, strict=True)
        for piece in ((window[:_STEP], window[_STEP:]) if new else (window[_STEP:],))
    ]
    ends = np.append(np.flatnonzero(begins)[1:], len(windows)) - 1
    return Stretches(np.concatenate(pieces), start, start[begins][stretch], start[ends][stretch])


def augmented(
    stretches: Stretches, augmentation: Augmentation, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Each window of the stretches once, changed: (n, 128, 6) float32 in g and rad/s."""
    windows = _cut(stretches, augmentation.shift, rng)
    count = len(windows)
    factor = np.exp(rng.normal(0.0, augmentation.vigour, (count, 1, 1))).astype(np.float32)
    deviations = [augmentation.turn, augmentation.lean, augmentation.lean]
    turned = rotations(rng.normal(0.0, deviations, (count, 3))).astype(np.float32)
    acceleration, rate = windows[..., _ACCELERATION], windows[..., _RATE]
    gravity = acceleration.mean(axis=1, keepdims=True)
    # A rotation from the left of column vectors is its transpose from the right of rows.
    rows = turned.transpose(0, 2, 1)
    return np.concatenate(
        [(gravity + factor * (acceleration - gravity)) @ rows, (factor * rate) @ rows], axis=2
    )


def rotations(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation matrices (n, 3, 3) about the vectors (n, 3) by their lengths in rad.

    Rodrigues' formula: R = I + sin(a) K + (1 - cos(a)) K², with K the cross product by the axis.
    """
    angles = np.linalg.norm(vectors, axis=1)
    x, y, z = (vectors / np.maximum(angles, np.finfo(float).tiny)[:, None]).T
    zero = np.zeros_like(x)
    cross = np.array([[zero, -z, y], [z, zero, -x], [-y, x, zero]]).transpose(2, 0, 1)
    sine, versine = np.sin(angles)[:, None, None], (1.0 - np.cos(angles))[:, None, None]
    matrices: NDArray[np.float64] = np.eye(3) + sine * cross + versine * (cross @ cross)
    return matrices


def _cut(stretches: Stretches, shift: int, rng: np.random.Generator) -> NDArray[np.float32]:
    offsets = rng.integers(-shift, shift + 1, len(stretches.start))
    starts = np.clip(stretches.start + offsets, stretches.first, stretches.last)
    cut: NDArray[np.float32] = stretches.samples[starts[:, None] + np.arange(WINDOW_SAMPLES)]
    return cut
