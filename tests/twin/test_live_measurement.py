"""Live operation, measured on the twin through NI's client, against what the device really took."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from bench.commands.twin import TWIN_STATION
from bench.instruments.digitizer import Digitizer
from bench.instruments.nidaq import NiDaq
from bench.measurement.capture import capture_window
from bench.measurement.declared import figures_of
from bench.measurement.integrity import MarkerError
from bench.measurement.live import STEPS, LiveStretch, battery_life, live_stretch, plan_live
from bench.measurement.model import mean_current, mean_power
from bench.measurement.repeated import Series
from bench.measurement.trace import load, save
from bench.measurement.uncertainty import evaluate
from bench.run.live import LiveTask, MeasuredLive
from bench.station.configuration import load_station
from bench.twin.card import Card
from bench.twin.daq.digitizer import Digitizer as TwinDigitizer
from bench.twin.daq.service import DigitizerServer
from bench.twin.lab import Lab
from bench.twin.sensor import Stream
from bench.twin.world import World
from models.stream import BREAK
from tests.served import SEED
from tests.twin.tiny_models import standardised, workbench

STATION = load_station(TWIN_STATION)
PLAN = plan_live(STATION)
ASLEEP, AWAKE, INFERRING = 4.6e-3, 31.6e-3, 39.7e-3
LATENCY = 12e-3


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def card(world: World) -> Iterator[Digitizer]:
    server = DigitizerServer(TwinDigitizer(world, Card(5)))
    client = NiDaq("Dev1", server=server.address, timeout=2.0)
    with world.lock:
        world.connect(STATION.supply.voltage)
        world.run([(AWAKE, 0.1)])
    yield client
    client.close()
    server.close()


def live(world: World, steps: int, period: float = 0.02) -> float:
    """Operate the device for some steps; returns the true mean power in W of the first two."""
    begun: list[float] = []
    with world.lock:
        for _ in range(steps):
            begun.append(world.now)
            world.mark(True)
            world.run([(INFERRING, LATENCY)])
            world.mark(False)
            world.run([(AWAKE, 64 * period - LATENCY - 64 * (period - 0.002))])
            world.run([(ASLEEP, period - 0.002)], 64)
        return world.energy(begun[0], begun[STEPS]) / (begun[STEPS] - begun[0])


def measured(world: World, card: Digitizer, period: float = 0.02) -> tuple[LiveStretch, float]:
    trace, true = capture_window(card, STATION, PLAN, lambda: live(world, 5, period), {})
    return live_stretch(trace, STATION, PLAN), true


def test_the_stated_interval_holds_the_mean_power(world: World, card: Digitizer) -> None:
    stretch, true = measured(world, card)
    estimate = evaluate(mean_power("average power", stretch.steps, figures_of(STATION)))
    low, high = estimate.interval
    assert low < true < high
    assert estimate.expanded / true < 0.01


def test_duty_and_rate_are_those_of_the_device(world: World, card: Digitizer) -> None:
    stretch, _ = measured(world, card)
    assert stretch.duty == pytest.approx(LATENCY / 1.28, rel=1e-3)
    assert stretch.rate == pytest.approx(50.0, rel=1e-4)


def test_a_slow_sensor_changes_the_rate_and_leaves_whole_steps(
    world: World, card: Digitizer
) -> None:
    stretch, true = measured(world, card, period=0.0206)
    estimate = evaluate(mean_power("average power", stretch.steps, figures_of(STATION)))
    assert stretch.rate == pytest.approx(1.0 / 0.0206, rel=1e-4)
    assert abs(estimate.value - true) < estimate.expanded


def test_a_sensor_far_too_slow_is_an_error_that_names_it(world: World, card: Digitizer) -> None:
    with pytest.raises(MarkerError, match=r"wanted 3 rises .* sensor samples at 50 Hz"):
        measured(world, card, period=0.03)


def test_a_variant_operates_live_through_the_whole_lab(tmp_path: Path) -> None:
    """Flashed, booted, fed by the simulated sensor, captured by the card, against the truth."""
    draw = np.random.default_rng(3)
    samples = draw.integers(-9000, 9000, (256 + 192, 6)).astype(np.int16)
    periods = np.concatenate([np.arange(256), np.arange(192) + 256 + BREAK])
    station = load_station(TWIN_STATION)
    with Lab(station, SEED, stream=Stream(samples, periods, 1000)) as lab:
        bench = workbench(station.with_addresses(**asdict(lab.addresses)), tmp_path)
        with bench:
            result = bench.measure(standardised("tiny-F", LiveTask(5)))
        found, measured = result.live, result.measured
        with lab.world.lock:
            rises = [rise.time for rise in lab.world.rises]
            # The last eight: three of the measured session, five of the one with outputs.
            true = lab.world.energy(rises[-8], rises[-6]) / (rises[-6] - rises[-8])
    assert isinstance(found, MeasuredLive)
    assert measured is not None
    low, high = found.figures.power.interval
    assert low < true < high
    assert (found.session.samples, found.session.gaps, found.session.lost) == (448, 1, 0)
    assert len(found.session.windows) == 5
    assert found.figures.duty == pytest.approx(measured.latency / 1.28, rel=0.02)
    assert save(load(tmp_path / found.trace), tmp_path / "again.tdms") == found.sha256


def test_a_battery_lasts_as_long_as_its_charge(world: World, card: Digitizer) -> None:
    stretch, _ = measured(world, card)
    current = evaluate(mean_current(Series(stretch.steps, 1), figures_of(STATION))).value
    assert battery_life(3600.0, current) * current == pytest.approx(3600.0)
    assert ASLEEP < current < AWAKE
