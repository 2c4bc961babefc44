"""The range of a network's input: one in which eight bits serve every channel.

A model's input has one scale for all channels. Angular rates have rare peaks of ten standard
deviations where accelerations stay within three, so with standard deviations as scales most of an
int8 input's steps are spent on peaks, and what tells sitting from standing is lost. Here each
channel is divided by what 99 % of the training samples stay within, so that all use the same range,
and what exceeds it saturates. A network that was trained on another scale is brought to this one by
its convolution's kernel, which changes nothing that it computes.
"""

import numpy as np
from numpy.typing import NDArray

from models.windows import Windows

SHARE = 99.0
"""Per cent of a channel's training samples within the range; docs/decisions/0003 says why."""


def reach(training: Windows, mean: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far from ``mean`` (6,) the samples of each channel go, but for the rarest: (6,)."""
    deviation = np.abs(training.x - mean).reshape(-1, len(mean))
    return np.asarray(np.percentile(deviation, SHARE, axis=0), dtype=np.float32)


def rescaled(
    kernel: NDArray[np.float32], before: NDArray[np.float32], after: NDArray[np.float32]
) -> NDArray[np.float32]:
    """A convolution's kernel (taps, 6, filters) for inputs divided by ``after``, not ``before``."""
    return kernel * (after / before)[:, np.newaxis]


def saturated(standardised: NDArray[np.float32]) -> NDArray[np.float32]:
    """Standardised samples of any shape with what is out of range at the range's end."""
    return np.clip(standardised, -1.0, 1.0)
