"""What the gate can tell: false alarms on nothing, and the smallest change that it finds.

Pairs of sessions are measured on the same simulated station, each with new noise and drift; nothing
changed between them, so whatever the gate calls worse is a false alarm. Then the second session's
energies are raised, until nine of ten pairs are called worse::

    python -m benchmarks.gate [--comparisons 500] [--windows 5 10 20] [--power-cycles 3] [--jobs 1]

A session adds its own drift, drawn from the declared spread between sessions, once with and once
without a reference variant in between that has the same drift. Behind the share of false alarms,
worse and better together, stands the interval that holds their true rate with 95 % probability
(C. J. Clopper and E. S. Pearson, 1934, Biometrika 26, 404-413).
"""

import argparse
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from bench.measurement.capture import plan_window
from bench.run.gate import DECLARED
from bench.run.station import POWER_CYCLES
from bench.station.configuration import load_station
from bench.verdict.comparison import Replicates, SessionSpread, ratio
from bench.verdict.gate import Change, judge_ratios
from benchmarks.coverage import STATION, Lab, draw_lab, measure

WINDOWS, POWER = (5, 10, 20), 0.9
INFERENCES = 10
"""In a window: the fewest that there are, so windows scatter more than most."""
RISES = np.geomspace(1e-6, 0.1, 600)
"""Steps of 2 %."""
ORDER = (Change.SAME, Change.WORSE, Change.BETTER, Change.INCONCLUSIVE)
Energies = NDArray[np.float64]


@dataclass(frozen=True)
class Pair:
    """Energies (cycle, window) in J of a variant and a reference in two sessions, no drift yet."""

    new: Energies
    old: Energies
    new_reference: Energies
    old_reference: Energies
    drifts: tuple[float, float]


def session(lab: Lab, name: str, cycles: int, windows: int) -> Energies:
    """Energies (cycle, window) of one session; its noise is a function of its name."""
    plan = plan_window(lab.station, lab.latency, INFERENCES)
    energies = np.empty((cycles, windows))
    lab.world.begin()
    lab.world.identity = name
    for cycle in range(cycles):
        lab.world.disconnect()
        for window in range(windows):
            energies[cycle, window] = measure(lab, plan).window.energy
    return energies


def measured(number: int, drifts: tuple[float, float], cycles: int, windows: int) -> Pair:
    """The pair of this number: the same in whatever process."""
    lab = draw_lab(load_station(STATION), number)
    names = ("new", "old", "reference of new", "reference of old")
    new, old, new_reference, old_reference = (session(lab, name, cycles, windows) for name in names)
    return Pair(new, old, new_reference, old_reference, drifts)


def replicates(energies: Energies, reference: Energies | None, factor: float) -> Replicates:
    other = () if reference is None else tuple(map(tuple, reference * factor))
    return Replicates(tuple(map(tuple, energies * factor)), other)


def changes(
    pairs: Sequence[Pair], windows: int, rise: float, referenced: bool, margin: float
) -> list[Change]:
    """What the gate says of each pair alone, the new session's energies raised by a share."""
    spread = 0.0 if referenced else DECLARED.between_sessions
    between = SessionSpread(spread, "as drawn")
    found = []
    for pair in pairs:
        drifts = [1.0 + DECLARED.between_sessions * drift for drift in pair.drifts]
        new, old = (
            replicates(energies[:, :windows], reference[:, :windows] if referenced else None, drift)
            for energies, reference, drift in (
                (pair.new * (1.0 + rise), pair.new_reference, drifts[0]),
                (pair.old, pair.old_reference, drifts[1]),
            )
        )
        one = ratio(new, old, between, DECLARED.level)
        found.append(judge_ratios({"": one}, margin, DECLARED.level)[""].change)
    return found


def share(found: Sequence[Change], change: Change) -> float:
    return sum(one is change for one in found) / len(found)


def false_alarms(found: Sequence[Change]) -> str:
    """The share that is called worse or better, with the interval of its true rate."""
    alarms = sum(one in (Change.WORSE, Change.BETTER) for one in found)
    rate = stats.binomtest(alarms, len(found)).proportion_ci(0.95)
    return f"{alarms / len(found):.1%} ({rate.low:.1%} to {rate.high:.1%})"


def smallest_rise(pairs: Sequence[Pair], windows: int, referenced: bool, margin: float) -> float:
    """The smallest of `RISES` that is called worse with `POWER`."""
    low, high = 0, len(RISES) - 1
    while low < high:
        middle = (low + high) // 2
        found = changes(pairs, windows, RISES[middle], referenced, margin)
        low, high = (low, middle) if share(found, Change.WORSE) >= POWER else (middle + 1, high)
    return float(RISES[low])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--comparisons", type=int, default=500, help="pairs of sessions")
    parser.add_argument(
        "--windows", type=int, nargs="+", default=WINDOWS, help="of a power cycle, one row for each"
    )
    parser.add_argument(
        "--power-cycles", type=int, default=POWER_CYCLES["sim"], help="of a session"
    )
    parser.add_argument("--jobs", type=int, default=1, help="processes at a time")
    options = parser.parse_args()
    count, cycles, most = options.comparisons, options.power_cycles, max(options.windows)
    drifts = map(tuple, np.random.default_rng(1).standard_normal((count, 2)).tolist())
    one = partial(measured, cycles=cycles, windows=most)
    with ProcessPoolExecutor(options.jobs, get_context("spawn")) as pool:
        pairs = list(pool.map(one, range(count), drifts, chunksize=4))
    scatter = np.mean([pair.old.std(axis=1, ddof=1).mean() / pair.old.mean() for pair in pairs])
    between = np.mean([pair.old.mean(axis=1).std(ddof=1) / pair.old.mean() for pair in pairs])
    print(
        f"{count} pairs of sessions, {cycles} power cycles; relative standard deviation of windows "
        f"{scatter:.2e}, of power cycles {between:.2e}, of sessions {DECLARED.between_sessions:.2e}"
    )
    print(
        f"level {DECLARED.level:.0%}\n{'reference':<10}{'margin':>7}{'windows':>8}"
        f"{'same':>8}{'worse':>8}{'better':>8}{'inconcl.':>9}{'false alarms':>21}"
        f"{'smallest rise':>15}"
    )
    for referenced in (False, True):
        for margin in (0.0, DECLARED.margin):
            for windows in options.windows:
                found = changes(pairs, windows, 0.0, referenced, margin)
                shares = "".join(f"{share(found, change):>8.1%}" for change in ORDER)
                rise = smallest_rise(pairs, windows, referenced, margin)
                print(
                    f"{'yes' if referenced else 'no':<10}{margin:>7.1%}{windows:>8}{shares} "
                    f"{false_alarms(found):>21}{rise:>15.4%}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
