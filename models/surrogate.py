"""A seeded stand-in for UCI-HAR, simulated, for machines that cannot have the real one.

Thirty people wear a phone at the waist and go through UCI-HAR's protocol twice: they stand, sit,
lie, walk, and climb stairs down and up, each a few times. Shapes, units, overlap and filtering are
UCI-HAR's; the people are not, and nothing here is taken from a recording. Magnitudes are typical of
waist-worn accelerometry: a gait's vertical and fore-aft accelerations repeat with the step and its
sideways ones with the stride (Menz, Lord, Fitzpatrick 2003, Gait and Posture 18, 35-46), quiet
standing sways below 1 Hz, physiological tremor is at 8 to 12 Hz. What tells people apart (cadence,
vigour, style of gait, posture, mounting of the phone) is assumed, and wide enough that networks
make mistakes by which they can be ordered.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.catalog import ACTIVITIES, CHANNELS, WINDOW_SAMPLES
from models.protocol import HARMONICS, PROTOCOL, Gait, Posture
from models.split import SUBJECTS
from models.windows import Windows

_RATE_HZ = 50.0
_STEP = WINDOW_SAMPLES // 2
_EDGE = 32
"""Samples simulated and thrown away at both ends of a stretch, where the filter wraps around."""
_CLIP_G = 2.0
"""The accelerometer's range. The filter comes after it, so that windows slightly exceed it."""
_FILTER_HZ = 20.0
"""Corner of the third-order Butterworth low-pass that UCI-HAR's README names."""
_SENSOR_NOISE = np.array([0.004] * 3 + [0.01] * 3)
"""In g and rad/s, rms: a phone's accelerometer and gyroscope (assumed)."""
_ROUNDS = 2

# How people differ, and how one person differs from one time to the next: standard deviations, of
# the logarithm where the thing is a factor.
_MOUNTING_RAD = np.array([0.12, 0.10, 0.10])
_MOUNTING_OF_ROUND_RAD = 0.08
_CADENCE, _CADENCE_OF_STRETCH, _CADENCE_OF_MOMENT = 0.06, 0.03, 0.03
_VIGOUR, _VIGOUR_OF_STRETCH, _VIGOUR_OF_MOMENT = 0.25, 0.12, 0.12
_STYLE, _STYLE_OF_GAIT, _STYLE_OF_STRETCH = (0.15, 0.3), (0.12, 0.25), (0.1, 0.1)
"""Of the harmonics' amplitudes, and of their phases in rad."""
_LEAN_OF_STRETCH_RAD, _LEAN_OF_MOMENT_RAD = 0.03, 0.02
_SWAY = 0.4
_LENGTH_OF_STRETCH = 0.12
_IRREGULARITY = 0.3
"""Of a gait: what does not repeat with the stride, relative to what does."""

_Array = NDArray[np.float64]


@dataclass(frozen=True)
class _Person:
    """What stays the same about a person.

    Attributes:
        mounting: Rotation vector from the body's axes (up, left, forward) to the phone's, in rad.
        haste: Cadence relative to the average.
        vigour: Amplitude relative to the average.
        style: For each gait (6, 6): amplitude and phase of each channel's harmonics, relative to
            the average.
        posture: For each posture the standard scores of tilt and side.
    """

    mounting: _Array
    haste: float
    vigour: float
    style: dict[str, NDArray[np.complex128]]
    posture: dict[str, _Array]


def surrogate(seed: int = 0) -> Windows:
    """Simulated windows of thirty subjects, about 340 each, in the order of their recording.

    Neighbouring windows of a stretch share 64 samples exactly, as in UCI-HAR.

    Args:
        seed: Decides everything.
    """
    x, y, subjects = [], [], []
    for subject in range(1, SUBJECTS + 1):
        rng = np.random.default_rng([seed, subject])
        person = _person(rng)
        for _ in range(_ROUNDS):
            # The phone is put on anew for each round.
            worn = _rotation(person.mounting + rng.normal(0.0, _MOUNTING_OF_ROUND_RAD, 3))
            for activity, habit in PROTOCOL.items():
                for _ in range(habit.stretches):
                    count = max(3, round(habit.windows * rng.normal(1.0, _LENGTH_OF_STRETCH)))
                    stretch = _stretch(rng, person, activity, worn, count)
                    x.append(stretch)
                    y.append(np.full(count, ACTIVITIES.index(activity)))
                    subjects.append(np.full(count, subject))
    return Windows(
        x=np.concatenate(x),
        y=np.concatenate(y).astype(np.int64),
        subjects=np.concatenate(subjects).astype(np.int64),
    )


def _person(rng: np.random.Generator) -> _Person:
    gaits = [name for name, habit in PROTOCOL.items() if isinstance(habit, Gait)]
    postures = [name for name, habit in PROTOCOL.items() if isinstance(habit, Posture)]
    own = _style(rng, *_STYLE)
    return _Person(
        mounting=rng.normal(0.0, _MOUNTING_RAD),
        haste=float(rng.lognormal(0.0, _CADENCE)),
        vigour=float(rng.lognormal(0.0, _VIGOUR)),
        style={name: own * _style(rng, *_STYLE_OF_GAIT) for name in gaits},
        posture={name: rng.normal(size=2) for name in postures},
    )


def _style(rng: np.random.Generator, amplitude: float, phase: float) -> NDArray[np.complex128]:
    shape = (CHANNELS, len(HARMONICS))
    return np.exp(amplitude * rng.normal(size=shape) + 1j * phase * rng.normal(size=shape))


def _stretch(
    rng: np.random.Generator, person: _Person, activity: str, worn: _Array, windows: int
) -> NDArray[np.float32]:
    """An uninterrupted recording, cut into (windows, 128, 6) half-overlapping windows."""
    samples = (windows + 1) * _STEP + 2 * _EDGE
    habit = PROTOCOL[activity]
    if isinstance(habit, Gait):
        body = _walk(rng, habit, person, activity, samples)
    else:
        body = _rest(rng, habit, person, activity, samples)
    phone = np.concatenate([body[:, :3] @ worn.T, body[:, 3:] @ worn.T], axis=1)
    phone += _SENSOR_NOISE * rng.normal(size=phone.shape)
    phone[:, :3] = phone[:, :3].clip(-_CLIP_G, _CLIP_G)
    recorded = _low_pass(phone)[_EDGE:-_EDGE].astype(np.float32)
    views = np.lib.stride_tricks.sliding_window_view(recorded, WINDOW_SAMPLES, axis=0)
    return np.ascontiguousarray(views[::_STEP].transpose(0, 2, 1))


def _walk(
    rng: np.random.Generator, gait: Gait, person: _Person, activity: str, samples: int
) -> _Array:
    """Acceleration with gravity in g and rates in rad/s, (samples, 6), in the body's axes."""
    stride_hz = gait.cadence / 2 * person.haste * rng.lognormal(0.0, _CADENCE_OF_STRETCH)
    pace = 1.0 + _CADENCE_OF_MOMENT * _band(rng, samples, 0.1, 0.5)[:, 0]
    phase = 2 * np.pi * (np.cumsum(stride_hz * pace) / _RATE_HZ + rng.uniform())
    norm = np.sqrt((gait.profile**2).sum(axis=1, keepdims=True) / 2)
    harmonics = gait.profile / norm * person.style[activity] * _style(rng, *_STYLE_OF_STRETCH)
    vigour = gait.rms * person.vigour * rng.lognormal(0.0, _VIGOUR_OF_STRETCH)
    swing = (np.exp(1j * np.outer(phase, HARMONICS)) @ harmonics.T).real
    effort = 1.0 + _VIGOUR_OF_MOMENT * _band(rng, samples, 0.2, 1.0)
    stumbling = _IRREGULARITY * _band(rng, samples, 0.5, 15.0, CHANNELS)
    motion: _Array = vigour * (effort * swing + stumbling)
    motion[:, 3] += gait.turning * _band(rng, samples, 0.1, 0.5)[:, 0]
    stooping = gait.lean + _LEAN_OF_STRETCH_RAD * rng.normal()
    lean = stooping + _LEAN_OF_MOMENT_RAD * _band(rng, samples, 0.1, 0.5)[:, 0]
    motion[:, 0] += np.cos(lean)
    motion[:, 2] -= np.sin(lean)
    return motion


def _rest(
    rng: np.random.Generator, posture: Posture, person: _Person, activity: str, samples: int
) -> _Array:
    """As `_walk`, of a body that is at rest but for sway and tremor."""
    tilt, side = (
        mean + people * score + stretches * rng.normal()
        for (mean, people, stretches), score in zip(
            (posture.tilt, posture.side), person.posture[activity], strict=True
        )
    )
    up = np.array([np.cos(tilt), np.sin(tilt) * np.sin(side), np.sin(tilt) * np.cos(side)])
    sway = posture.sway * rng.lognormal(0.0, _SWAY) * _band(rng, samples, 0.1, 1.5, 3)
    tremor = posture.tremor * _band(rng, samples, 8.0, 12.0, 3)
    rates = np.gradient(sway, 1 / _RATE_HZ, axis=0)
    motion: _Array = np.concatenate([up + np.cross(up, sway) + tremor, rates], axis=1)
    return motion


def _band(
    rng: np.random.Generator, samples: int, low_hz: float, high_hz: float, columns: int = 1
) -> _Array:
    """Gaussian noise between two frequencies, (samples, columns), of rms one."""
    frequencies = np.fft.rfftfreq(samples, 1 / _RATE_HZ)
    inside = (frequencies >= low_hz) & (frequencies <= high_hz)
    spectrum = np.zeros((len(frequencies), columns), np.complex128)
    count = int(inside.sum())
    spectrum[inside] = rng.normal(size=(count, columns)) + 1j * rng.normal(size=(count, columns))
    noise: _Array = np.fft.irfft(spectrum, samples, axis=0) * samples / (2 * np.sqrt(count))
    return noise


def _low_pass(signal: _Array) -> _Array:
    """The Butterworth's amplitude response, without its delay."""
    frequencies = np.fft.rfftfreq(len(signal), 1 / _RATE_HZ)
    response = 1 / np.sqrt(1 + (frequencies / _FILTER_HZ) ** 6)
    spectrum = np.fft.rfft(signal, axis=0) * response[:, None]
    filtered: _Array = np.fft.irfft(spectrum, len(signal), axis=0)
    return filtered


def _rotation(vector: _Array) -> _Array:
    """The rotation matrix of a rotation vector (Rodrigues)."""
    angle = np.linalg.norm(vector)
    x, y, z = vector / angle
    across = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    rotation: _Array = np.eye(3) + np.sin(angle) * across + (1 - np.cos(angle)) * across @ across
    return rotation
