"""How long all 14 networks take from nothing and from the store, and how much memory a process.

Trains the networks of fold 0, converts and evaluates the 42 variants with an empty store, then does
the same again with the full one::

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
from pathlib import Path

_TEST = Path("tests/characterisation/test_accuracy.py")
_BUDGETS = {"cold, s": 480.0, "warm, s": 20.0, "largest process, MB": 2000.0}
"""What the project promises on two cores with two workers."""


def _pytest(workers: int) -> list[str]:
    return ["pytest", "-q", "-m", "sim", str(_TEST), "-n", str(workers), "-p", "no:cacheprovider"]


def _models(workers: int) -> list[str]:
    return ["models", "evaluate", "--jobs", str(workers)]


_COMMANDS: dict[str, Callable[[int], list[str]]] = {"pytest": _pytest, "models": _models}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--command", choices=_COMMANDS, default="pytest")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    command = [sys.executable, "-m", *_COMMANDS[arguments.command](arguments.workers)]
    with tempfile.TemporaryDirectory(prefix="har-cold-") as cache:
        measured = {
            "cold, s": _seconds(command, Path(cache)),
            "warm, s": _seconds(command, Path(cache)),
            "largest process, MB": _largest_process(),
        }
    print(f"\n{' '.join(command[1:])}; {os.cpu_count()} cores\n")
    print(f"{'':22}{'measured':>10}{'budget':>10}{'ratio':>8}")
    for name, value in measured.items():
        budget = _BUDGETS[name]
        print(f"{name:22}{value:10.1f}{budget:10.0f}{value / budget:8.2f}")


def _seconds(command: Sequence[str], cache: Path) -> float:
    start = time.monotonic()
    ended = subprocess.run(command, check=False, env={**os.environ, "HAR_CACHE": str(cache)})
    seconds = time.monotonic() - start
    if ended.returncode:
        print(f"ended with code {ended.returncode}: the figures may be of less than the whole")
    return seconds


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
