"""The twin's card: its errors within the data sheet, its samples functions of what happened."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.twin.card import OVER_RANGE, PCI_6251, Accuracy, Card, Channel, Tolerances
from bench.twin.circuit import Floats
from bench.twin.world import World

VS, SHUNT, MARKER = Channel(0, 5.0), Channel(1, 1.0), Channel(2, 5.0)
KEY = ("variant", 1, 1)
LOAD = 40e-3
EXACT = Tolerances(accuracy={5.0: Accuracy(0.0, 0.0, 0.0, 0.0)}, time_base=0.0)


def busy_world(seconds: float = 1.0) -> World:
    """A device that takes 40 mA in steady state, all the time."""
    world = World()
    world.connect(3.3)
    world.draw(LOAD)
    world.advance(0.1 + seconds)
    return world


def sampled(
    world: World, card: Card, channels: Sequence[Channel], count: int = 2000, rate: float = 100e3
) -> Floats:
    return card.sample(world, KEY, 0.1, 0, count, rate, channels)


@pytest.mark.parametrize(
    ("span", "printed"),
    [(10, 1920), (5, 1010), (2, 410), (1, 220), (0.5, 130), (0.2, 74), (0.1, 52)],
)
def test_accuracy_at_full_scale_is_what_the_data_sheet_prints(span: float, printed: float) -> None:
    accuracy = PCI_6251[span]
    noise = 3.0 * accuracy.noise / np.sqrt(100.0)  # of the mean of 100 points, 3 sigma
    gain = accuracy.gain + accuracy.gain_temperature
    offset = accuracy.offset + accuracy.offset_temperature
    volts = span * (gain + offset + accuracy.linearity) + noise
    assert 1e6 * volts == pytest.approx(printed, rel=0.01)


@pytest.mark.parametrize(
    ("only", "limit"),
    [
        (Accuracy(100e-6, 0.0, 0.0, 0.0), 100e-6 * 3.3),
        (Accuracy(0.0, 100e-6, 0.0, 0.0), 100e-6 * 5.0),
        (Accuracy(0.0, 0.0, 100e-6, 0.0), 100e-6 * 5.0),
    ],
    ids=["gain", "offset", "linearity"],
)
def test_each_error_is_drawn_from_its_whole_distribution(only: Accuracy, limit: float) -> None:
    world, noise = busy_world(), Accuracy(only.gain, only.offset, only.linearity, 140e-6)
    cards = [Card(seed, Tolerances({5.0: noise}, wander=0.0)) for seed in range(60)]
    shares = [float(sampled(world, card, [VS]).mean() - 3.3) / limit for card in cards]
    assert np.max(np.abs(shares)) < 1.05  # what is left of the noise comes on top
    assert np.min(shares) < -0.4
    assert np.max(shares) > 0.4


def test_readings_of_the_specified_card_are_as_accurate_as_specified() -> None:
    world = busy_world()
    truth = np.array([3.3, LOAD * world.parts.shunt])
    limits = [
        (a.gain + a.gain_temperature) * volts
        + (a.offset + a.offset_temperature + a.linearity) * span
        for volts, span in zip(truth, (5.0, 1.0), strict=True)
        for a in [PCI_6251[span]]
    ]
    errors = [sampled(world, Card(seed), [VS, SHUNT]).mean(axis=1) - truth for seed in range(60)]
    assert np.max(np.abs(errors) / limits) < 1.1


def test_a_reading_has_the_range_noise() -> None:
    readings = sampled(busy_world(), Card(1), [SHUNT], count=50_000)
    step = 2.0 * OVER_RANGE / 2**16
    assert readings.std() == pytest.approx(np.hypot(32e-6, step / np.sqrt(12.0)), rel=0.05)


def test_readings_are_codes_of_16_bits_and_saturate_5_percent_above_the_range() -> None:
    channels = [Channel(0, 2.0), Channel(1, 0.1), SHUNT]
    over, also_over, within = sampled(busy_world(), Card(1), channels)
    for readings, span in ((over, 2.0), (also_over, 0.1), (within, 1.0)):
        codes = readings / (2.0 * OVER_RANGE * span / 2**16)
        np.testing.assert_allclose(codes, np.rint(codes), atol=1e-6)
    assert set(over) == {over.max()}
    assert over.max() == pytest.approx(2.0 * OVER_RANGE, rel=1e-4)
    assert also_over.max() == pytest.approx(0.1 * OVER_RANGE, rel=1e-4)


@settings(max_examples=20)
@given(
    first=st.integers(-9000, 9000),
    cuts=st.lists(st.integers(1, 12_000), min_size=1, max_size=4),
    seed=st.integers(0, 2**32),
)
def test_samples_do_not_depend_on_how_they_are_read(first: int, cuts: list[int], seed: int) -> None:
    world, card = busy_world(), Card(seed)
    for _ in range(40):
        world.run([(30e-3, 1.3e-3), (45e-3, 2.1e-3)])
    edges = [first, *np.cumsum([first, *cuts])[1:].tolist()]

    def read(begin: int, end: int) -> Floats:
        return card.sample(world, KEY, 1.15, begin, end - begin, 100e3, [VS, SHUNT, MARKER])

    pieces = [read(begin, end) for begin, end in pairwise(edges)]
    np.testing.assert_array_equal(np.concatenate(pieces, axis=1), read(first, edges[-1]))


def test_single_ended_terminals_are_those_of_the_wiring() -> None:
    world = busy_world()
    single = [Channel(terminal, 5.0, differential=False) for terminal in (0, 1, 9, 8)]
    supply, high_side, device, ground = sampled(world, Card(1), single).mean(axis=1)
    assert supply == pytest.approx(3.3, abs=2e-3)
    assert high_side == pytest.approx(3.3, abs=2e-3)
    assert device == pytest.approx(world.device_voltage, abs=2e-3)
    assert ground == pytest.approx(0.0, abs=2e-3)


def test_an_unconnected_channel_shows_nothing_of_the_circuit() -> None:
    world = busy_world()
    (before,) = sampled(world, Card(1), [Channel(5, 5.0)]).mean(axis=1)
    world.draw(0.0)
    world.advance(1.0)
    after = Card(1).sample(world, KEY, world.now - 0.5, 0, 2000, 100e3, [Channel(5, 5.0)]).mean()
    assert after == pytest.approx(before, abs=2e-3)


def marked_world(high: float) -> World:
    world = busy_world(0.0)
    world.mark(True)
    world.advance(high)
    world.mark(False)
    world.advance(0.1)
    return world


def test_channels_of_a_scan_are_converted_one_after_the_other() -> None:
    world, card = marked_world(1e-3), Card(1, EXACT)
    rise = world.rises[0].time
    early, middle, late = card.sample(world, KEY, rise - 5e-6, 0, 10, 100e3, [MARKER] * 3) > 1.6
    assert not early[0]  # 5 us before the edge
    assert not middle[0]  # 1.7 us before
    assert late[0]  # 1.7 us after
    assert early[1]


@pytest.mark.parametrize("seed", range(5))
def test_a_fast_clock_takes_more_samples_in_the_same_time(seed: int) -> None:
    world, card = marked_world(1.0), Card(seed)
    (marker,) = card.sample(world, KEY, world.rises[0].time, 0, 1_000_300, 1e6, [MARKER])
    counted = int(np.count_nonzero(marker > 1.6))
    assert abs(card.time_base) <= 50e-6
    assert counted == pytest.approx(1e6 * (1.0 + card.time_base), abs=2)


def test_a_running_clock_ticks_within_a_period_of_the_trigger() -> None:
    world, card = marked_world(1e-3), Card(1)
    rise = world.rises[0]
    assert rise.time <= card.first_tick(rise, 1e3) < rise.time + 1.001e-3


@given(
    index=st.integers(-(10**6), 10**7),
    rate=st.floats(1.0, 1e6),
    zero=st.floats(0.0, 1e4),
    channels=st.integers(1, 4),
)
def test_a_scan_is_complete_at_its_time_and_not_before(
    index: int, rate: float, zero: float, channels: int
) -> None:
    card = Card(1)
    time = card.sample_time(zero, index, rate, channels)
    assert card.scans_until(zero, time, rate, channels) == index + 1
    assert card.scans_until(zero, time - 0.01 / rate, rate, channels) == index
