"""Energy integration: 100 million pairs of samples in memory, and a trace from its file.

    python -m benchmarks.integration [--samples 100000000]

The integration reads both voltages once, sums four integrands and finds the lowest voltage. It is
set beside one ``numpy.sum`` over the same two arrays, in the same run; both are the best of three.
"""

import argparse
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.measurement.energy import Circuit, window_energy
from bench.measurement.trace import Trace, load, save
from bench.measurement.windows import Window

CIRCUIT = Circuit(shunt=9.8, decoupling=10e-6)
RATE = 100e3
FILED = 10_000_000
"""Samples of the trace that goes through a file."""


def trace(samples: int) -> Trace:
    random = np.random.default_rng(1)
    shunt = random.normal(0.4, 0.01, samples)
    supply = np.full(samples, 3.3)
    return Trace(RATE, 0, supply, shunt, marker=supply)  # not looked at: no memory of its own


def best(work: Callable[[], object], times: int = 3) -> float:
    seconds = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begin)
    return min(seconds)


def in_memory(samples: int) -> None:
    whole, window = trace(samples), Window(0.25, samples - 1.25)
    summed = best(lambda: (np.sum(whole.supply), np.sum(whole.shunt)))
    integrated = best(lambda: window_energy(whole, window, CIRCUIT))
    tracemalloc.start()
    window_energy(whole, window, CIRCUIT)
    extra = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(f"{samples:,} pairs in memory: {integrated:.3f} s, {integrated / summed:.1f} x numpy.sum")
    print(f"  extra memory at most {extra / 1e6:.2f} MB")


def from_file(samples: int) -> None:
    window = Window(0.25, samples - 1.25)
    with tempfile.TemporaryDirectory(prefix="har-integration-") as folder:
        path = Path(folder, "trace.tdms")
        save(trace(samples), path)
        both = best(lambda: window_energy(load(path), window, CIRCUIT))
        loaded = load(path)
    alone = best(lambda: window_energy(loaded, window, CIRCUIT))
    print(f"{samples:,} from TDMS: {both:.3f} s, {both / alone:.1f} x the integration alone")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--samples", type=int, default=100_000_000, help="pairs in memory")
    in_memory(parser.parse_args().samples)
    from_file(FILED)


if __name__ == "__main__":
    main()
