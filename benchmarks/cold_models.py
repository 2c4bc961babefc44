"""How long all 14 networks take from nothing and from the store, and how much memory a process.

Trains the networks of fold 0, converts and evaluates the 42 variants with an empty store, then does
the same again with the full one, and loads the data set from it::

    HAR_DATASET="UCI HAR Dataset.zip" python -m benchmarks.cold_models

What runs is the product's own accuracy test, or with ``--command models`` the command line. Memory
is the largest resident set of any one process, which is a worker that trains.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

_LOAD = """
import time
from models import dataset
start = time.monotonic()
dataset.load()
print(time.monotonic() - start)
"""

_TEST = Path("tests/characterisation/test_accuracy.py")


def _pytest(workers: int) -> list[str]:
    return ["pytest", "-q", "-m", "sim", str(_TEST), "-n", str(workers), "-p", "no:cacheprovider"]


def _models(workers: int) -> list[str]:
    return ["models", "evaluate", "--jobs", str(workers)]


_COMMANDS: dict[str, Callable[[int], list[str]]] = {"pytest": _pytest, "models": _models}


@dataclass(frozen=True)
class Cost:
    """Of one run: seconds that passed, and seconds of processor that all its processes took."""

    seconds: float
    processor_seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--command", choices=_COMMANDS, default="pytest")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    command = [sys.executable, "-m", *_COMMANDS[arguments.command](arguments.workers)]
    with tempfile.TemporaryDirectory(prefix="har-cold-") as cache:
        cold = _cost(command, Path(cache))
        warm = _cost(command, Path(cache))
        load = _second_load(Path(cache))
    print(f"\n{' '.join(command[1:])}; {os.cpu_count()} cores\n")
    print(f"{'':22}{'measured':>10}{'budget':>10}{'ratio':>8}")
    _report("cold, s", cold.seconds, 480.0)
    _report("warm, s", warm.seconds, 20.0)
    _report("load of the data, s", load, 0.3)
    _report("largest process, MB", _largest_process(), 2000.0)
    print(f"{'cold, processor s':22}{cold.processor_seconds:10.1f}")
    print(f"{'warm, processor s':22}{warm.processor_seconds:10.1f}")
    wanted = cold.processor_seconds / arguments.workers
    if cold.seconds > 1.5 * wanted:
        print(f"\nthe machine was busy otherwise: left alone, cold takes about {wanted:.0f} s")


def _report(name: str, value: float, budget: float) -> None:
    print(f"{name:22}{value:10.2f}{budget:10.1f}{value / budget:8.2f}")


def _cost(command: Sequence[str], cache: Path) -> Cost:
    start, before = time.monotonic(), os.times()
    ended = subprocess.run(command, check=False, env={**os.environ, "HAR_CACHE": str(cache)})
    seconds, after = time.monotonic() - start, os.times()
    if ended.returncode:
        print(f"ended with code {ended.returncode}: the figures may be of less than the whole")
    spent = after.children_user + after.children_system
    return Cost(seconds, spent - before.children_user - before.children_system)


def _second_load(cache: Path) -> float:
    """Seconds to load the data set that the runs before have stored, without Python's start."""
    command, environment = [sys.executable, "-c", _LOAD], {**os.environ, "HAR_CACHE": str(cache)}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return float(done.stdout)


def _largest_process() -> float:
    """In MB, of all processes that were started so far and have ended; NaN on Windows."""
    if sys.platform == "win32":
        return float("nan")
    import resource

    # Linux counts kilobytes, macOS bytes (getrusage(2) of each).
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit / 1e6


if __name__ == "__main__":
    main()
