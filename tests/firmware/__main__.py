"""The firmware's core under sanitizers, and what it takes of memory.

``python -m tests.firmware sanitized`` builds core, kernels and fuzz drivers with address and
undefined-behaviour sanitizers, all warnings errors; fuzzes each parser for some seconds; and runs
the tests of this folder on that library. ``fuzz`` runs a campaign of its own length alone, and
``memory`` prints static memory and stack.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.twin.core.build import LIBRARY, VARIABLE, build
from bench.twin.core.toolchain import find_toolchain

PARSERS = ("console", "image", "live")
LONGEST = 12_000
"""Bytes of a fuzzed input: more than a command's 4,096."""
SANITIZED = ("-DHAR_STRICT=ON", "-DHAR_SANITIZE=ON", "-DHAR_TOOLS=ON")
MEMORY = ("-DHAR_STRICT=ON", "-DHAR_TOOLS=ON")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.firmware", description=__doc__)
    parser.add_argument("what", choices=("sanitized", "fuzz", "memory"))
    parser.add_argument("--seconds", type=int, default=4, help="of fuzzing, for each parser")
    parser.add_argument("--seed", type=int, default=1, help="of the fuzzing")
    told, pytest_arguments = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(find_toolchain(), folder, MEMORY if told.what == "memory" else SANITIZED)
        if told.what == "memory":
            _run([str(folder / "memory")])
            return
        for which in PARSERS:
            driver = folder / "fuzz" / f"fuzz_{which}"
            options = f"-max_total_time={told.seconds}", f"-seed={told.seed}"
            _run([str(driver), *options, f"-max_len={LONGEST}"])
        if told.what == "sanitized":
            _test(folder / LIBRARY, pytest_arguments)


def _test(library: Path, arguments: Sequence[str]) -> None:
    """Run this folder's tests on a sanitized library: its runtime must be loaded first of all."""
    asked = [*find_toolchain().compiler, "-print-file-name=libasan.so"]
    runtime = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    if not Path(runtime).is_absolute():
        sys.exit(f"{asked[0]} has no libasan.so: the sanitized tests want GCC")
    environment = {
        **os.environ,
        VARIABLE: str(library),
        "LD_PRELOAD": runtime,
        "ASAN_OPTIONS": "detect_leaks=0",  # the interpreter's own
    }
    tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/firmware"]
    _run([*tests, "-k", "not esp32", *arguments], environment)  # an emulator runs its own build


def _run(command: Sequence[str], environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, env=environment)
    if done.returncode != 0:
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
