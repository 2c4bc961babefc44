"""Energies measured on the twin, through NI's client, against the energy that it really took."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from bench.instruments.digitizer import Digitizer
from bench.instruments.nidaq import NiDaq
from bench.measurement import model
from bench.measurement.capture import (
    WindowPlan,
    capture_idle,
    capture_window,
    plan_window,
    trace_limits,
)
from bench.measurement.declared import circuit_of, figures_of
from bench.measurement.energy import WindowEnergy, window_energy
from bench.measurement.figures import Spread
from bench.measurement.repeated import Series
from bench.measurement.trace import Trace, load, save
from bench.measurement.uncertainty import evaluate
from bench.measurement.windows import find_idle, find_window
from bench.station.configuration import load_station
from bench.twin.card import Card
from bench.twin.daq.digitizer import Digitizer as TwinDigitizer
from bench.twin.daq.service import DigitizerServer
from bench.twin.world import World
from benchmarks import coverage

STATION = load_station(Path(__file__).parents[2] / "stations" / "twin.toml")
LATENCY = 2e-3
IDLE = 28e-3
INFERENCE = ((0.042, 0.7 * LATENCY), (0.034, 0.3 * LATENCY))


@dataclass(frozen=True)
class Lab:
    """A world, and the bench's own client of its card."""

    world: World
    card: Digitizer

    def window(self, plan: WindowPlan) -> tuple[Trace, float]:
        """The trace of a window and the true energy in J of one inference."""

        def infer() -> float:
            with self.world.lock:
                self.world.run(INFERENCE, plan.warm_up)
                begin = self.world.now
                self.world.mark(True)
                self.world.run(INFERENCE, plan.inferences)
                self.world.mark(False)
                end = self.world.now
                self.world.run(INFERENCE, plan.warm_up)
                self.world.run([(IDLE, 0.1)])
                return self.world.energy(begin, end) / plan.inferences

        return capture_window(self.card, STATION, plan, infer, {"variant": "C_1-L"})

    def idle(self) -> Trace:
        """A trace of the waiting device."""
        return capture_idle(self.card, STATION, 0.2, {})


def make_lab(seed: int) -> Iterator[Lab]:
    world = World()
    server = DigitizerServer(TwinDigitizer(world, Card(seed)))
    card = NiDaq("Dev1", server=server.address, timeout=2.0)
    with world.lock:
        world.connect(STATION.supply.voltage)
        world.run([(IDLE, 0.5)])
    try:
        yield Lab(world, card)
    finally:
        card.close()
        server.close()


@pytest.fixture
def lab() -> Iterator[Lab]:
    yield from make_lab(seed=12)


@pytest.fixture
def same_lab() -> Iterator[Lab]:
    yield from make_lab(seed=12)


def integrate(trace: Trace) -> WindowEnergy:
    window = find_window(trace, trace_limits(STATION, len(trace)))
    return window_energy(trace, window, circuit_of(STATION))


def integrate_idle(trace: Trace) -> WindowEnergy:
    window = find_idle(trace, trace_limits(STATION, len(trace)))
    return window_energy(trace, window, circuit_of(STATION))


def test_stated_interval_holds_the_energy_at_the_devices_pins(lab: Lab) -> None:
    plan = plan_window(STATION, LATENCY, 50)
    traces = [lab.window(plan) for _ in range(5)]
    true = traces[0][1]
    series = Series([integrate(trace) for trace, _ in traces], 50)
    # This lab's shunt is exact: the card alone must explain the difference.
    exact_shunt = replace(figures_of(STATION), shunt=Spread(0.0, "normal"))
    estimate = evaluate(model.gross_energy(series, exact_shunt))
    low, high = estimate.interval
    assert low < true < high
    assert estimate.expanded / true < 0.0005


def test_energy_above_idle_leaves_what_the_inference_adds(lab: Lab) -> None:
    plan = plan_window(STATION, LATENCY, 50)
    before = integrate_idle(lab.idle())
    trace, true = lab.window(plan)
    after = integrate_idle(lab.idle())
    series = Series([integrate(trace)], 50, idle=[before, after])
    estimate = evaluate(model.energy_above_idle(series, figures_of(STATION)))
    waiting = IDLE * (3.3 - 9.8 * IDLE) * LATENCY
    low, high = estimate.interval
    assert low < true - waiting < high
    assert estimate.expanded / (true - waiting) < 0.005


def test_same_seed_gives_the_same_trace_file(lab: Lab, same_lab: Lab, tmp_path: Path) -> None:
    plan = plan_window(STATION, LATENCY, 10)
    (first, _), (second, _) = lab.window(plan), same_lab.window(plan)
    assert save(first, tmp_path / "a.tdms") == save(second, tmp_path / "b.tdms")
    another, _ = lab.window(plan)
    assert save(another, tmp_path / "c.tdms") != save(first, tmp_path / "a.tdms")


def test_stored_trace_gives_the_same_energy_to_the_last_digit(lab: Lab, tmp_path: Path) -> None:
    trace, _ = lab.window(plan_window(STATION, LATENCY, 10))
    digest = save(trace, tmp_path / "w.tdms")
    assert integrate(load(tmp_path / "w.tdms", digest)) == integrate(trace)


# A short form of ``python -m benchmarks.coverage``: so few windows tell a coverage below 85 %, or
# errors that are a quarter larger than stated, and no less.
WINDOWS = 80
UNLIKELY = 1e-3
LEAST = int(binom.ppf(UNLIKELY, WINDOWS, 0.93))
CASES: dict[str, Callable[[int], coverage.Verdict]] = {
    "energy": lambda seed: coverage.energies(STATION, seed, inferences=10),
    "energy with an exact shunt": lambda seed: coverage.energies(
        coverage.with_shunt(STATION, 0.0, "normal"), seed
    ),
    "saving": lambda seed: coverage.savings(STATION, seed, inferences=10),
    "saving between runs that are not equally warm": lambda seed: coverage.savings(
        coverage.with_warming(STATION, 1.0), seed, inferences=10
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_stated_intervals_hold_the_truth_of_stations_drawn_as_declared(case: str) -> None:
    verdicts = [CASES[case](seed) for seed in range(WINDOWS)]
    assert sum(verdict.gum for verdict in verdicts) >= LEAST
    assert sum(verdict.monte_carlo for verdict in verdicts) >= LEAST
    # Errors are as large as they are said to be: for normal ones their standard deviation is
    # 1 / 1.96 of the expanded uncertainty, here known to one in twelve.
    scatter = np.std([verdict.error / verdict.stated for verdict in verdicts])
    assert 0.35 < scatter < 0.62
