"""How long commands take before they do anything, as ratios to a bare interpreter.

python -m benchmarks.startup
"""

import subprocess
import sys
from functools import partial

from benchmarks.integration import best

COMMANDS = {
    "python -c pass": ("-c", "pass"),
    "python -m bench --help": ("-m", "bench", "--help"),
    "python -m models --help": ("-m", "models", "--help"),
    "pytest --collect-only tests/characterisation": (
        "-m", "pytest", "-q", "--collect-only", "-m", "sim", "tests/characterisation",
    ),
}  # fmt: skip


def main() -> None:
    bare = None
    for name, arguments in COMMANDS.items():
        command = [sys.executable, *arguments]
        seconds = best(partial(subprocess.run, command, capture_output=True))
        bare = bare or seconds
        print(f"{name:<46} {seconds:6.2f} s {seconds / bare:6.1f} x")


if __name__ == "__main__":
    main()
