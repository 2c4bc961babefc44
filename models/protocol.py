"""UCI-HAR's protocol as the average person goes through it, for the surrogate.

Where the magnitudes come from stands in `models.surrogate`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HARMONICS = np.arange(1, 7)
"""Of the stride's frequency; the even ones are the step's."""


@dataclass(frozen=True)
class Gait:
    """How the average person walks.

    Attributes:
        cadence: Steps a second.
        lean: Of the trunk, forwards, in rad.
        turning: Rms of slow turns about the vertical, in rad/s.
        rms: Of each channel: acceleration up, left and forward in g, then the rates in rad/s.
        profile: (6, 6): relative amplitudes of each channel's harmonics.
        windows: Mean length of a stretch.
        stretches: Number of stretches in a round.
    """

    cadence: float
    lean: float
    turning: float
    rms: NDArray[np.float64]
    profile: NDArray[np.float64]
    windows: int
    stretches: int


@dataclass(frozen=True)
class Posture:
    """How the average person stands, sits or lies.

    Attributes:
        tilt: Angle between the trunk and the vertical in rad: mean, spread over people, over
            stretches.
        side: Direction of the tilt, from backwards to the left, in rad: the same three.
        sway: Rms of the trunk's slow rotation in rad.
        tremor: Rms in g.
        windows: Mean length of a stretch.
        stretches: Number of stretches in a round.
    """

    tilt: tuple[float, float, float]
    side: tuple[float, float, float]
    sway: float
    tremor: float
    windows: int
    stretches: int


_OF_STEP = (0.15, 0.8, 0.15, 0.35, 0.1, 0.25)
_OF_STRIDE = (0.6, 0.4, 0.45, 0.25, 0.35, 0.15)
_OF_BOTH = (0.45, 0.5, 0.4, 0.3, 0.25, 0.2)
_PROFILE = np.array([_OF_STEP, _OF_STRIDE, _OF_STEP, _OF_STRIDE, _OF_BOTH, _OF_STRIDE])
# Heel strikes are harder downstairs and softer upstairs: more and less of the high harmonics.
_HARDER = _PROFILE * HARMONICS**0.5
_SOFTER = _PROFILE * HARMONICS**-0.5

PROTOCOL: dict[str, Gait | Posture] = {
    "standing": Posture(
        tilt=(0.0, 0.07, 0.03),
        side=(0.0, 0.5, 0.2),
        sway=0.008,
        tremor=0.003,
        windows=16,
        stretches=2,
    ),
    "sitting": Posture(
        tilt=(0.4, 0.1, 0.05),
        side=(0.3, 0.6, 0.2),
        sway=0.005,
        tremor=0.002,
        windows=15,
        stretches=2,
    ),
    "laying": Posture(
        tilt=(1.5, 0.1, 0.05),
        side=(0.8, 0.5, 0.3),
        sway=0.006,
        tremor=0.002,
        windows=16,
        stretches=2,
    ),
    "walking": Gait(
        cadence=1.85,
        lean=0.03,
        turning=0.12,
        rms=np.array([0.22, 0.16, 0.13, 0.45, 0.48, 0.32]),
        profile=_PROFILE,
        windows=14,
        stretches=2,
    ),
    "walking downstairs": Gait(
        cadence=1.85,
        lean=0.0,
        turning=0.3,
        rms=np.array([0.32, 0.17, 0.14, 0.48, 0.40, 0.35]),
        profile=_HARDER,
        windows=8,
        stretches=3,
    ),
    "walking upstairs": Gait(
        cadence=1.6,
        lean=0.12,
        turning=0.3,
        rms=np.array([0.22, 0.14, 0.16, 0.38, 0.55, 0.37]),
        profile=_SOFTER,
        windows=9,
        stretches=3,
    ),
}
"""In the order in which a round goes through it."""
