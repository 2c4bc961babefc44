"""Every figure of speed, one after the other: ``python -m benchmarks``.

Each part is a module that can also be run alone and tells its options: ``python -m
benchmarks.matrix --help``. Machines differ and are shared: look at the ratios.
"""

import argparse
import subprocess
import sys

PARTS = (
    "startup", "integration", "digitizer", "flash", "matrix", "cold_models", "report_page",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Print every figure of speed, one part after the other. Machines differ and "
        "are shared: look at the ratios.",
        epilog="Each part can also be run alone and tells its options: python -m benchmarks.matrix "
        "--help. So can what measures something else than speed, such as benchmarks.gate, "
        "benchmarks.coverage, benchmarks.predictions and benchmarks.safety.",
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of {', '.join(PARTS)}; all")
    chosen = parser.parse_args().parts or PARTS
    if unknown := [part for part in chosen if part not in PARTS]:
        parser.error(f"no part {unknown[0]!r}: use some of {', '.join(PARTS)}")
    for part in chosen:
        print(f"== {part}", flush=True)
        subprocess.run([sys.executable, "-m", f"benchmarks.{part}"], check=True)


if __name__ == "__main__":
    main()
