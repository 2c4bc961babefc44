"""The twin's chance: the same for the same question, whoever asks and in whatever pieces."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.twin.noise import BLOCK, WANDER_PERIODS, Noise, Occasions
from bench.twin.world import World

KEY = ("C_5-D", 1, 3)


@settings(max_examples=30)
@given(
    first=st.integers(-3 * BLOCK, 3 * BLOCK),
    cuts=st.lists(st.integers(1, 2 * BLOCK), min_size=1, max_size=4),
)
def test_a_sample_has_the_same_noise_in_whatever_pieces_it_is_read(
    first: int, cuts: list[int]
) -> None:
    noise = Noise(7)
    edges = [first, *np.cumsum([first, *cuts])[1:].tolist()]
    pieces = [noise.gaussian(KEY, "ai1", begin, end - begin) for begin, end in pairwise(edges)]
    whole = noise.gaussian(KEY, "ai1", first, sum(cuts))
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


def test_noise_is_standard_normal() -> None:
    values = Noise(7).gaussian(KEY, "ai1", -50_000, 200_000)
    assert values.mean() == pytest.approx(0.0, abs=0.01)
    assert values.std() == pytest.approx(1.0, abs=0.01)
    assert np.mean(np.abs(values) > 3.0) == pytest.approx(0.0027, abs=0.0006)


def test_noise_does_not_repeat_itself() -> None:
    values = Noise(7).gaussian(KEY, "ai1", -2 * BLOCK, 4 * BLOCK).reshape(4, BLOCK)
    assert np.max(np.abs(np.corrcoef(values) - np.eye(4))) < 0.05


@pytest.mark.parametrize(
    ("seed", "key", "stream"),
    [
        (8, KEY, "ai1"),
        (7, KEY, "ai2"),
        (7, ("C_5-L", 1, 3), "ai1"),
        (7, ("C_5-D", 2, 3), "ai1"),
        (7, ("C_5-D", 1, 4), "ai1"),
    ],
)
def test_another_station_channel_variant_cycle_or_window_has_other_noise(
    seed: int, key: tuple[str | int, ...], stream: str
) -> None:
    ours = Noise(7).gaussian(KEY, "ai1", 0, 20_000)
    others = Noise(seed).gaussian(key, stream, 0, 20_000)
    assert abs(np.corrcoef(ours, others)[0, 1]) < 0.03


def test_a_wander_is_slow_and_of_unit_rms() -> None:
    times = np.arange(0.0, 100 * WANDER_PERIODS[1], 0.1)
    wander = Noise(7).wander(KEY, "ai1", times)
    assert np.sqrt(np.mean(wander**2)) == pytest.approx(1.0, abs=0.02)
    fastest = np.sqrt(2.0) * 2.0 * np.pi / WANDER_PERIODS[0]
    assert np.max(np.abs(np.diff(wander))) <= 1.01 * 0.1 * fastest


def test_what_is_measured_without_a_trigger_is_numbered_afresh_in_each_power_cycle() -> None:
    world = World()
    occasions = Occasions(world)
    world.connect(3.3)
    first = [occasions.next("reading") for _ in range(3)]
    assert len(set(first)) == 3
    world.advance(1.0)
    world.disconnect()
    world.begin()
    world.advance(5.0)
    world.connect(3.3)
    assert [occasions.next("reading") for _ in range(3)] == first
