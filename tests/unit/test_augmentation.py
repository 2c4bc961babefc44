from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.augmentation import Augmentation, augmented, join, rotations
from models.windows import Windows

NOTHING = Augmentation(turn=0.0, lean=0.0, vigour=0.0, shift=0)


def recording(lengths: list[int], seed: int = 0) -> Windows:
    """Stretches of so many half overlapping windows; subjects and activities alternate."""
    rng = np.random.default_rng(seed)
    x, y, subjects = [], [], []
    for number, length in enumerate(lengths):
        samples = rng.normal(size=(64 * (length + 1), 6)).astype(np.float32)
        x += [samples[64 * k : 64 * k + 128] for k in range(length)]
        y += [number % 6] * length
        subjects += [1 + number % 2] * length
    return Windows(np.array(x), np.array(y, dtype=np.int64), np.array(subjects, dtype=np.int64))


def changed(windows: Windows, augmentation: Augmentation, seed: int = 0) -> NDArray[np.float32]:
    return augmented(join(windows), augmentation, np.random.default_rng(seed))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=6))
def test_joined_windows_are_cut_again_as_they_were(lengths: list[int]) -> None:
    windows = recording(lengths)
    stretches = join(windows)
    assert len(stretches.samples) == sum(64 * (length + 1) for length in lengths)
    assert np.allclose(
        augmented(stretches, NOTHING, np.random.default_rng(0)), windows.x, atol=1e-5
    )


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.integers(0, 200))
def test_a_shifted_window_stays_in_its_stretch(lengths: list[int], shift: int) -> None:
    windows = recording(lengths)
    stretches = join(windows)
    augmentation = Augmentation(turn=0.0, lean=0.0, vigour=0.0, shift=shift)
    borders = np.cumsum([0, *(64 * (length + 1) for length in lengths)])
    owner = np.repeat(np.arange(len(lengths)), lengths)
    rates = stretches.samples[:, 3:]
    places = {tuple(rate): place for place, rate in enumerate(rates.tolist())}
    for window, own in zip(changed(windows, augmentation), owner, strict=True):
        start = places[tuple(window[0, 3:].tolist())]
        assert np.array_equal(window[:, 3:], rates[start : start + 128])
        assert borders[own] <= start
        assert start + 128 <= borders[own + 1]


def test_windows_of_two_subjects_or_activities_never_join() -> None:
    one = recording([3])
    for other in (
        Windows(one.x, one.y, np.array([1, 2, 2])),
        Windows(one.x, np.array([0, 0, 1]), one.subjects),
    ):
        assert len(join(other).samples) == len(join(one).samples) + 64


def test_turning_keeps_the_strength_of_acceleration_and_rate() -> None:
    windows = recording([4, 3])
    turned = changed(windows, Augmentation(turn=1.0, lean=0.5, vigour=0.0, shift=0))
    assert not np.allclose(turned, windows.x, atol=0.1)
    for sensor in (slice(0, 3), slice(3, 6)):
        before, after = (np.linalg.norm(x[..., sensor], axis=2) for x in (windows.x, turned))
        assert np.allclose(before, after, atol=1e-5)


def test_acceleration_and_rate_turn_together() -> None:
    x = np.repeat(recording([2]).x[..., :3], 2, axis=2)[..., [0, 2, 4, 1, 3, 5]]
    windows = Windows(x, np.zeros(2, np.int64), np.ones(2, np.int64))
    turned = changed(windows, Augmentation(turn=1.0, lean=0.5, vigour=0.0, shift=0))
    assert np.allclose(turned[..., :3], turned[..., 3:], atol=1e-6)


def test_turning_alone_keeps_the_upright_axis() -> None:
    windows = recording([4])
    turned = changed(windows, Augmentation(turn=1.0, lean=0.0, vigour=0.0, shift=0))
    assert np.allclose(turned[..., [0, 3]], windows.x[..., [0, 3]], atol=1e-6)
    assert not np.allclose(turned[..., 1], windows.x[..., 1], atol=0.1)


def test_vigour_amplifies_motion_and_leaves_gravity() -> None:
    windows = recording([5])
    amplified = changed(windows, Augmentation(turn=0.0, lean=0.0, vigour=0.5, shift=0))
    factors = amplified[..., 3:] / windows.x[..., 3:]
    assert np.allclose(factors, factors[:, :1, :1], rtol=1e-4)
    assert len(np.unique(factors[:, 0, 0].round(3))) == len(windows)
    before, after = windows.x[..., :3], amplified[..., :3]
    assert np.allclose(after.mean(axis=1), before.mean(axis=1), atol=1e-5)
    assert np.allclose(after.std(axis=1), factors[:, 0, :1] * before.std(axis=1), rtol=1e-3)


def test_a_quarter_turn_about_each_axis() -> None:
    x, y, z = np.eye(3)
    about = rotations(np.pi / 2 * np.eye(3))
    for (axis, matrix), (start, end) in zip(
        zip((x, y, z), about, strict=True), ((y, z), (z, x), (x, y)), strict=True
    ):
        assert np.allclose(matrix @ axis, axis)
        assert np.allclose(matrix @ start, end)
    assert np.array_equal(rotations(np.zeros((1, 3)))[0], np.eye(3))


def test_the_generator_decides() -> None:
    windows = recording([6])
    augmentation = Augmentation(turn=0.5, lean=0.1, vigour=0.3, shift=32)
    results = [changed(windows, augmentation, seed) for seed in (0, 0, 1)]
    assert [np.array_equal(*pair) for pair in pairwise(results)] == [True, False]
    assert results[0].dtype == np.float32


@pytest.mark.parametrize("length", [1, 2])
def test_a_short_stretch_gives_whole_windows(length: int) -> None:
    windows = recording([length])
    shifted = changed(windows, Augmentation(turn=0.0, lean=0.0, vigour=0.0, shift=500))
    assert shifted.shape == (length, 128, 6)
