"""Simulated time, power, marker and brown-out."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.twin import circuit
from bench.twin.world import BrownOutError, World
from tests.twin.wall_clock import Clock


class Device:
    """A load that keeps what happened to it; `on_power` is what it does when it gets power."""

    def __init__(self, on_power: Callable[[], None] = lambda: None) -> None:
        self.log: list[str] = []
        self._on_power = on_power

    def power_on(self) -> None:
        self.log.append("on")
        self._on_power()

    def power_off(self) -> None:
        self.log.append("off")


Action = Callable[[World], None]
actions: st.SearchStrategy[Action] = st.one_of(
    st.floats(3.0, 3.6).map(lambda volts: lambda world: world.connect(volts)),
    st.just(World.disconnect),
    st.floats(0.0, 0.05).map(lambda amps: lambda world: world.draw(amps)),
    st.booleans().map(lambda level: lambda world: world.mark(level)),
    st.floats(0.0, 1e-2).map(lambda seconds: lambda world: world.advance(seconds)),
    st.tuples(st.floats(0.0, 0.05), st.floats(0.0, 1e-2), st.integers(0, 3)).map(
        lambda told: lambda world: world.run([told[:2], (0.01, 1e-3)], told[2])
    ),
)
pasts = st.lists(actions, max_size=12)


def lived(world: World, past: list[Action]) -> World:
    world.attach(Device())
    world.identity = "C_1-L"
    for act in past:
        act(world)
    return world


@given(pasts, pasts)
def test_what_was_measured_before_leaves_no_trace(before: list[Action], past: list[Action]) -> None:
    used = lived(World(), before)
    used.begin()
    lived(used, past)
    fresh = lived(World(), past)
    assert used.rises == fresh.rises
    assert (used.now, used.power_cycle) == (fresh.now, fresh.power_cycle)
    assert repr(used.history) == repr(fresh.history)  # a NaN equals no NaN


@given(pasts)
def test_voltage_and_current_now_are_those_of_the_signals(past: list[Action]) -> None:
    world = lived(World(), past)
    (supply,), (shunt,), _ = world.signals(np.array([world.now]))
    assert world.device_voltage == pytest.approx(supply - shunt, abs=1e-12)
    assert world.current == pytest.approx(shunt / world.parts.shunt, abs=1e-12)


def test_time_that_passed_before_a_beginning_is_kept() -> None:
    world = World()
    world.advance(2.0)
    world.begin()
    world.advance(0.5)
    world.begin()
    assert (world.past, world.now) == (2.5, 0.0)


def test_time_passes_by_what_is_run_and_by_nothing_else() -> None:
    world = World()
    world.connect(3.3)
    world.draw(0.05)
    world.mark(True)
    world.catch_up()
    assert world.now == 0.0
    world.run([(0.05, 0.001), (0.03, 0.002)], repeat=10)
    assert world.now == pytest.approx(0.030)
    assert world.history.load[-1] == 0.03
    world.advance(1.0)
    assert world.now == pytest.approx(1.030)
    assert world.history.load[-1] == 0.03


def test_a_rise_of_the_marker_carries_the_key_of_its_noise() -> None:
    world = World()
    world.identity = "C_5-D"
    world.connect(3.3)
    for _ in range(2):
        world.advance(1.0)
        world.mark(True)
        world.mark(True)
        world.mark(False)
    world.disconnect()
    world.connect(3.3)
    world.mark(True)
    assert [(rise.time, rise.key) for rise in world.rises] == [
        (1.0, ("C_5-D", 1, 1)),
        (2.0, ("C_5-D", 1, 2)),
        (2.0, ("C_5-D", 2, 1)),
    ]


def test_a_device_has_power_once_the_voltage_is_enough() -> None:
    device, world = Device(), World()
    world.attach(device)
    world.connect(2.0)
    assert device.log == []
    for volts in (3.3, 3.5):
        world.connect(volts)
    assert (device.log, world.power_cycle) == (["on"], 1)
    world.connect(1.0)
    assert device.log == ["on", "off"]
    world.connect(3.3)
    world.disconnect()
    world.disconnect()
    assert (device.log, world.power_cycle) == (["on", "off"] * 2, 2)
    assert not world.on
    assert math.isnan(world.history.source[-1])


def test_a_load_that_takes_the_voltage_down_resets_the_device() -> None:
    device, world = Device(), World()
    world.attach(device)
    world.connect(3.3)
    world.run([(0.03, 0.01)])
    with pytest.raises(BrownOutError, match=r"device at 2\.\d\d V, below 2.43 V: reset"):
        world.run([(0.1, 1e-3)])
    assert device.log == ["on", "off", "on"]
    assert world.power_cycle == 1  # the supply never went


def test_a_load_that_the_capacitor_bridges_does_not() -> None:
    device, world = Device(), World()
    world.attach(device)
    world.connect(3.3)
    world.run([(0.01, 0.01)])
    # Settled, 0.1 A would leave 2.32 V; 50 us are half a time constant.
    world.run([(0.1, 50e-6), (0.01, 0.01)])
    assert device.log == ["on"]
    assert world.device_voltage == pytest.approx(3.3 - 0.098)


def test_the_energy_is_the_circuits() -> None:
    world = World()
    world.connect(3.3)
    world.run([(0.05, 0.01), (0.0, 0.01)])
    expected = circuit.energy(world.parts, world.history, 0.002, 0.015)
    assert world.energy(0.002, 0.015) == expected
    assert 0.0 < expected < world.energy(0.0, world.now)


def test_at_the_wall_pace_what_happens_takes_its_time(clock: Clock) -> None:
    world = World(pace="wall")
    world.changed = clock  # type: ignore[assignment]  # no other thread is there to wait for
    world.connect(3.3)
    world.run([(0.03, 0.25)], repeat=4)
    assert (world.now, clock.now) == pytest.approx((1.0, 101.0))
    assert clock.waits >= 4
    clock.now += 2.0
    world.catch_up()
    assert world.now == pytest.approx(3.0)
    clock.now += 1e-4
    world.catch_up()
    assert world.now == pytest.approx(3.0)  # not worth telling anybody


def test_at_the_virtual_pace_nothing_waits(clock: Clock) -> None:
    world = World()
    world.changed = clock  # type: ignore[assignment]  # as above
    world.advance(1e6)
    clock.now += 5.0
    world.catch_up()
    assert (world.now, clock.waits) == (1e6, 0)
