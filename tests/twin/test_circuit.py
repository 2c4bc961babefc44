"""The circuit's closed forms against what its signals say, integrated finely."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import simpson

from bench.twin import circuit
from bench.twin.circuit import Components, Feed, Floats, History
from bench.twin.world import BrownOutError, World


@dataclass(frozen=True)
class Stretch:
    """Supply at `volts` (None: off), the device drawing `amps` for `seconds`, marker as told."""

    volts: float | None
    amps: float
    seconds: float
    marker: bool

    def act(self, world: World) -> None:
        if self.volts is None:
            world.disconnect()
        else:
            world.connect(self.volts)
        world.mark(self.marker)
        world.run([(self.amps, self.seconds)])


stretches = st.builds(
    Stretch,
    st.none() | st.floats(2.0, 3.6),
    st.just(0.0) | st.floats(1e-6, 0.2),
    st.floats(1e-6, 5e-3),
    st.booleans(),
)
pasts = st.lists(stretches, min_size=1, max_size=6)
feeds = st.builds(Feed, st.floats(0.0, 3.6), st.floats(50.0, 1e4))
components = st.builds(
    Components,
    shunt=st.floats(5.0, 10.0),
    decoupling=st.floats(10e-6, 50e-6),
    lead=st.just(0.0) | st.floats(0.1, 10.0),
    feed=st.none() | feeds,
)


def world_after(past: Sequence[Stretch], parts: Components) -> World:
    world = World(parts)
    for stretch in past:
        stretch.act(world)
    return world


def from_the_shunt(world: World, begin: float, end: float) -> float:
    """Energy at the device's pins from what is fed to it and the change of stored charge."""
    events = [begin, *(t for t in world.history.start if begin < t < end), end]
    energy = sum(_between(world, earlier, later) for earlier, later in pairwise(sorted(events)))
    first, last = (_device(world, np.array([time]))[0] for time in (begin, end))
    return energy - float(world.parts.decoupling * (last**2 - first**2) / 2)


def _between(world: World, begin: float, end: float) -> float:
    if end <= begin:
        return 0.0
    times = np.linspace(begin, np.nextafter(end, begin), 4001)
    _, shunt, _ = world.signals(times)
    device, feed = _device(world, times), world.parts.feed
    amps = shunt / world.parts.shunt
    if feed is not None:
        amps = amps + (feed.volts - device) / feed.ohms
    return float(simpson(amps * device, x=times))


def _device(world: World, times: Floats) -> Floats:
    supply, shunt, _ = world.signals(times)
    return supply - shunt


@settings(max_examples=60)
@given(pasts, components, st.floats(0, 1), st.floats(0, 1))
def test_energy_is_what_is_fed_less_the_change_of_stored_charge(
    past: list[Stretch], parts: Components, one: float, other: float
) -> None:
    world = world_after(past, parts)
    begin, end = sorted((one * world.now, other * world.now))
    expected = from_the_shunt(world, begin, end)
    assert world.energy(begin, end) == pytest.approx(expected, rel=1e-7, abs=1e-10)


@given(pasts, components, st.floats(0, 1))
def test_energies_of_neighbouring_spans_add_up(
    past: list[Stretch], parts: Components, where: float
) -> None:
    world = world_after(past, parts)
    middle = where * world.now
    halves = world.energy(0.0, middle) + world.energy(middle, world.now)
    assert world.energy(0.0, world.now) == pytest.approx(halves, rel=1e-9, abs=1e-15)


@given(pasts, components, st.integers(2, 400), st.data())
def test_signals_do_not_depend_on_how_they_are_read(
    past: list[Stretch], parts: Components, samples: int, data: st.DataObject
) -> None:
    world = world_after(past, parts)
    times = np.linspace(0.0, world.now, samples)
    at = data.draw(st.integers(1, samples - 1))
    whole = np.array(world.signals(times))
    pieces = np.hstack([np.array(world.signals(part)) for part in (times[:at], times[at:])])
    assert np.array_equal(pieces, whole)


@given(pasts, components)
def test_the_signals_are_what_is_connected(past: list[Stretch], parts: Components) -> None:
    world, begin = world_after(past, parts), 0.0
    for stretch in past:
        middle = np.array([begin + stretch.seconds / 2])
        (supply,), (shunt,), (marker,) = world.signals(middle)
        assert marker == (parts.marker_high if stretch.marker else 0.0)
        if stretch.volts is None:
            assert shunt == 0.0
            assert supply >= 0.0 or parts.feed is not None
        else:
            dropped = parts.lead * shunt / parts.shunt
            assert supply == pytest.approx(stretch.volts - dropped, rel=1e-12)
            assert parts.lead or supply == stretch.volts
        begin += stretch.seconds


def test_a_steady_load_drops_its_voltage_in_the_shunt() -> None:
    world = world_after([Stretch(3.3, 0.1, 1.0, False)], Components())
    (supply,), (shunt,), _ = world.signals(np.array([1.0]))
    assert (supply, shunt) == pytest.approx((3.3, 0.98))
    assert world.energy(0.9, 1.0) == pytest.approx(0.1 * 0.1 * (3.3 - 0.98))


def test_the_measured_current_lags_the_load_by_the_time_constant() -> None:
    parts = Components(shunt=9.8, decoupling=10e-6)
    assert parts.time_constant == pytest.approx(98e-6)
    world = world_after([Stretch(3.3, 0.0, 1.0, False), Stretch(3.3, 0.1, 1.0, True)], parts)
    _, (shunt,), _ = world.signals(np.array([1.0 + parts.time_constant]))
    assert shunt == pytest.approx(0.98 * (1 - 1 / math.e))


def test_without_a_supply_the_device_lives_on_the_stored_charge_alone() -> None:
    world = world_after(
        [Stretch(3.3, 0.0, 1.0, False), Stretch(None, 0.1, 1.0, False)], Components()
    )
    assert world.energy(1.0, 2.0) == pytest.approx(10e-6 * 3.3**2 / 2)
    supply, shunt, _ = world.signals(np.array([1.0001, 1.9]))
    assert supply == pytest.approx([3.3 - 0.1 * 100e-6 / 10e-6, 0.0])
    assert list(shunt) == [0.0, 0.0]


def test_another_feed_drives_the_device_while_the_output_is_off() -> None:
    parts = Components(feed=Feed(3.0, 10.0))
    world = world_after([Stretch(3.3, 0.0, 1.0, False), Stretch(None, 0.1, 1.0, False)], parts)
    (supply,), (shunt,), _ = world.signals(np.array([2.0]))
    assert (supply, shunt) == pytest.approx((3.0 - 0.1 * 10.0, 0.0))
    world.begin()  # it does not end with the world's past
    assert world.device_voltage == pytest.approx(2.0)


def test_more_than_the_limit_switches_the_output_off() -> None:
    world = World()
    world.connect(3.3, 0.1)
    world.run([(0.09, 1e-3)])
    assert world.on
    with pytest.raises(BrownOutError, match=r"supply at 0.11 A, above 0.1 A: tripped"):
        world.run([(0.11, 1e-2)])
    assert not world.on


def test_of_events_at_one_moment_the_last_holds() -> None:
    history = History()
    history.append(0.0, 3.3, 0.0, False, 3.3)
    history.append(1.0, 3.3, 0.5, True, 3.3)
    history.append(1.0, 3.0, 0.0, False, 3.3)
    supply, _, marker = circuit.signals(Components(), history, np.array([0.5, 1.0, 1.5]))
    assert list(supply) == [3.3, 3.0, 3.0]
    assert list(marker) == [0.0, 0.0, 0.0]
