"""How often the stated intervals hold the twin's true energy.

    python -m benchmarks.coverage [--windows 2000] [--seed 1] [--case TITLE]

Each window has a station of its own: shunt, decoupling, clock and the card's channels are drawn
from the distributions that the twin's station file and its calibration records declare, the very
figures that the budget is made from. The truth is the energy at the simulated device's pins.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

import numpy as np

from bench.measurement import model
from bench.measurement.analysis import idle_of
from bench.measurement.capture import (
    IDLE_SECONDS,
    PAPER_INFERENCES,
    WindowPlan,
    idle_samples,
    plan_window,
    trace_limits,
)
from bench.measurement.declared import circuit_of, figures_of
from bench.measurement.energy import WindowEnergy, window_energy
from bench.measurement.model import Measurand
from bench.measurement.montecarlo import propagate
from bench.measurement.repeated import Series
from bench.measurement.trace import Trace
from bench.measurement.uncertainty import evaluate
from bench.measurement.windows import find_window
from bench.station.accuracy import Distribution
from bench.station.configuration import Station, load_station
from bench.twin.card import Card, Channel
from bench.twin.equipment import sound_equipment
from bench.twin.world import NoiseKey, World

STATION = Path(__file__).parents[1] / "stations" / "twin.toml"
LATENCIES = (0.8e-3, 60e-3)
"""Range of the latencies drawn, s: from the smallest to the larger convolutional networks."""
IDLE, BUSY, STALLED = 28e-3, 42e-3, 34e-3
"""Currents in A of a device that waits, computes, and waits for its flash."""
SAVED, STALLS_LEFT = 0.3, 0.5
"""The second variant of a saving does without this share of the work, and waits less for flash, so
that its current is another."""
WARMING = 1.0
"""K by which parts may be warmer in one run than in another, in the case that has it."""
DRAWS = 5_000


@dataclass(frozen=True)
class Lab:
    """A simulated station, its parts drawn, and the variant that runs on it."""

    station: Station
    world: World
    card: Card
    latency: float
    stalls: float


@dataclass(frozen=True)
class Case:
    """A measured window and the energy in J that the device really took in it."""

    window: WindowEnergy
    true: float


@dataclass(frozen=True)
class Verdict:
    """One measurand on one station: relative errors, and whether the intervals hold.

    `lag` is what leaving the decoupling's charge out would add to the error.
    """

    error: float
    stated: float
    gum: bool
    monte_carlo: bool
    lag: float


def with_shunt(station: Station, limit: float, distribution: Distribution) -> Station:
    """The station with another relative uncertainty of its shunt."""
    records = station.calibration
    uncertainty = records.shunt.uncertainty.model_copy(
        update={"limit": limit, "distribution": distribution}
    )
    shunt = records.shunt.model_copy(update={"uncertainty": uncertainty})
    return station.model_copy(update={"calibration": replace(records, shunt=shunt)})


def draw_lab(station: Station, seed: int) -> Lab:
    parts, random = sound_equipment(station, seed), np.random.default_rng(seed)
    latency = float(np.exp(random.uniform(*np.log(LATENCIES))))
    stalls = float(random.uniform(0.1, 0.6))
    return Lab(station, World(parts.components), Card(seed, parts.tolerances), latency, stalls)


def with_warming(station: Station, kelvin: float) -> Station:
    """The station with parts that are not equally warm in every run."""
    ambient = station.ambient.model_copy(update={"warming": kelvin})
    return station.model_copy(update={"ambient": ambient})


def warmed(lab: Lab, seed: int, number: int) -> Lab:
    """The lab as it is in one of its series: shunt and gains as warm as they are then."""
    random, station = np.random.default_rng((seed, number)), lab.station
    records, warming = station.calibration, station.ambient.warming
    shunt = 1.0 + records.shunt.tempco * random.uniform(-warming, warming)
    accuracy = dict(lab.card.tolerances.accuracy)
    for channel in (station.digitizer.supply, station.digitizer.shunt):
        drift = records.card.of_range(channel.range).gain_tempco * random.uniform(-warming, warming)
        usual = accuracy[channel.range]
        accuracy[channel.range] = replace(usual, gain_found=usual.gain_found + drift)
    parts = lab.world.parts
    return replace(
        lab,
        world=World(replace(parts, shunt=parts.shunt * shunt), identity=f"run {number}"),
        card=replace(lab.card, tolerances=replace(lab.card.tolerances, accuracy=accuracy)),
    )


def measure(lab: Lab, plan: WindowPlan, work: float = 1.0, warm: bool = True) -> Case:
    """Run the plan's inferences, each `work` times the lab's latency, and measure them."""
    world, station = lab.world, lab.station
    settle = 10.0 * circuit_of(station).time_constant

    share = lab.stalls / 2.0
    pieces = ((BUSY, 0.5 - share), (STALLED, lab.stalls), (BUSY, 0.5 - share))
    inference = [(amps, part * work * lab.latency) for amps, part in pieces]
    world.connect(station.supply.voltage)
    world.run([(IDLE, 1.0)])
    if warm:
        world.run(inference, plan.warm_up)
    begin = world.now
    world.mark(True)
    world.run(inference, plan.inferences)
    world.mark(False)
    end = world.now
    world.run(inference, plan.warm_up)
    world.run([(IDLE, plan.seconds + settle)])
    trace = digitise(lab, plan)
    window = find_window(trace, trace_limits(station, plan.samples))
    energy = window_energy(trace, window, circuit_of(station))
    return Case(energy, world.energy(begin, end))


def digitise(lab: Lab, plan: WindowPlan) -> Trace:
    rise = lab.world.rises[-1]
    zero = lab.card.first_tick(rise, plan.rate)
    return _trace(lab, rise.key, zero, -plan.pre, plan.samples, plan.rate)


def wait(lab: Lab) -> WindowEnergy:
    """A reading of the idle device, here and now."""
    world, station = lab.world, lab.station
    world.connect(station.supply.voltage)
    world.run([(IDLE, 1.0)])
    begin, samples = world.now, idle_samples(station, IDLE_SECONDS)
    world.run([(IDLE, 2.0 * IDLE_SECONDS)])
    key = (world.identity, "idle", len(world.rises))
    trace = _trace(lab, key, begin, 0, samples, station.digitizer.rate)
    return idle_of(trace, station, samples)


def _trace(lab: Lab, key: NoiseKey, zero: float, first: int, samples: int, rate: float) -> Trace:
    channels = [
        Channel(int(channel.channel.removeprefix("ai")), channel.range)
        for channel in lab.station.digitizer.channels
    ]
    supply, shunt, marker = lab.card.sample(lab.world, key, zero, first, samples, rate, channels)
    return Trace(rate, -first, supply, shunt, marker)


def judge(measurand: Measurand, true: float, seed: int, lag: float) -> Verdict:
    estimate = evaluate(measurand)
    drawn = propagate(measurand, seed, DRAWS)
    scale = abs(true) if measurand.unit != "1" else 1.0
    low, high = estimate.interval
    return Verdict(
        error=(estimate.value - true) / scale,
        stated=estimate.expanded / scale,
        gum=low <= true <= high,
        monte_carlo=drawn.covers(true),
        lag=lag,
    )


def energies(
    station: Station, seed: int, inferences: int | None = None, windows: int = 1, warm: bool = True
) -> Verdict:
    lab = draw_lab(station, seed)
    plan = plan_window(station, lab.latency, inferences)
    cases = [measure(lab, plan, warm=warm) for _ in range(windows)]
    measurand = model.gross_energy(
        Series([case.window for case in cases], plan.inferences), figures_of(station)
    )
    true = fmean(case.true for case in cases) / plan.inferences
    return judge(measurand, true, seed, fmean(case.window.lag for case in cases))


def above_idle(station: Station, seed: int) -> Verdict:
    lab = draw_lab(station, seed)
    plan = plan_window(station, lab.latency)
    before, case, after = wait(lab), measure(lab, plan), wait(lab)
    series = Series([case.window], plan.inferences, idle=[before, after])
    measurand = model.energy_above_idle(series, figures_of(station))
    idle = IDLE * (station.supply.voltage - IDLE * lab.world.parts.shunt)
    return judge(measurand, case.true / plan.inferences - idle * lab.latency, seed, 0.0)


def savings(station: Station, seed: int, inferences: int | None = None) -> Verdict:
    lab = draw_lab(station, seed)
    series, true = [], []
    for number, (work, stalls) in enumerate(((1.0, 1.0), (1.0 - SAVED, STALLS_LEFT))):
        plan = plan_window(station, lab.latency * work, inferences)
        here = replace(warmed(lab, seed, number), stalls=lab.stalls * stalls)
        case = measure(here, plan, work)
        series.append(Series([case.window], plan.inferences))
        true.append(case.true / plan.inferences)
    reference, variant = series
    measurand = model.saving(reference, variant, figures_of(station))
    return judge(measurand, 1.0 - true[1] / true[0], seed, 0.0)


def report(title: str, verdicts: Sequence[Verdict]) -> None:
    errors = np.array([verdict.error for verdict in verdicts])
    stated = np.array([verdict.stated for verdict in verdicts])
    lags = np.array([verdict.lag for verdict in verdicts])
    gum = np.mean([verdict.gum for verdict in verdicts])
    monte_carlo = np.mean([verdict.monte_carlo for verdict in verdicts])
    print(
        f"{title:<30} {len(verdicts):6d} {gum:8.1%} {monte_carlo:8.1%} {errors.mean():+11.4%}"
        f" {errors.std():9.4%} {stated.mean():9.4%} {lags.mean():+9.3%} {lags.min():+9.3%}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Coverage of the twin's truth.")
    parser.add_argument("--windows", type=int, default=2000, help="stations and windows of each")
    parser.add_argument("--seed", type=int, default=1, help="the first station's")
    parser.add_argument("--case", default="", help="only rows whose title has this in it")
    options = parser.parse_args()
    seeds = range(options.seed, options.seed + options.windows)
    declared = load_station(STATION)
    coarse = with_shunt(declared, 0.01, "rectangular")
    exact = with_shunt(declared, 0.0, "normal")
    warming = with_warming(declared, WARMING)
    print(
        f"{'':<30} {'number':>6} {'in GUM':>8} {'in MC':>8} {'mean error':>11} {'std':>9}"
        f" {'mean U':>9} {'mean lag':>9} {'worst':>9}"
    )
    ten = PAPER_INFERENCES
    cases: list[tuple[str, Callable[[int], Verdict]]] = [
        ("default window", lambda s: energies(declared, s)),
        ("five of them", lambda s: energies(declared, s, windows=5)),
        ("default window, 1 % shunt", lambda s: energies(coarse, s)),
        ("default window, exact shunt", lambda s: energies(exact, s)),
        ("the paper's ten", lambda s: energies(declared, s, ten)),
        ("the paper's ten, no warm-up", lambda s: energies(declared, s, ten, warm=False)),
        ("default window, above idle", lambda s: above_idle(declared, s)),
        ("saving between two windows", lambda s: savings(declared, s)),
        ("saving, the paper's ten", lambda s: savings(declared, s, ten)),
        (f"saving, {WARMING:g} K of warming", lambda s: savings(warming, s)),
    ]
    for title, one in cases:
        if options.case not in title:
            continue
        report(title, [one(seed) for seed in seeds])
    print(
        "number: stations and windows (for a saving pairs); in GUM, in MC: share whose stated\n"
        "95 % interval holds the truth; errors and U: relative (for a saving absolute); lag: what\n"
        "leaving out the decoupling's charge would add, the bias of a window that is too short"
    )


if __name__ == "__main__":
    main()
