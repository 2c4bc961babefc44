"""How long the whole matrix takes through the twin, and how much of it is the bench's own.

Runs every variant with two workers, for the wall time that a user sees; then once more in a single
process, where esptool's time can be told from the rest of each variant's::

    HAR_DATASET="UCI HAR Dataset.zip" python -m benchmarks.matrix

Models are trained first, if they are not in the cache. What is left without esptool's time is the
bench's own and the models' (loading and computing on the simulated device), so an upper bound.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import fmean
from xml.etree import ElementTree

_ESPTOOL = re.compile(r"esptool [\w-]+: ([\d.]+) s")
_SUBJECT = re.compile(r"(\S+): flashing \d+ bytes")
_CASE = re.compile(r"test_\w+\[\w+-(\S+-[LDF])\]")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--networks", default="*", help="only these, such as C_1,CL_*")
    networks = f"--networks={parser.parse_args().networks}"
    _run("-q", networks, "tests/characterisation/test_accuracy.py")
    begin = time.monotonic()
    _run("-n", "2", networks, "tests/characterisation")
    print(f"whole matrix, -n 2: {time.monotonic() - begin:.1f} s")
    with tempfile.TemporaryDirectory(prefix="har-matrix-") as folder:
        log = Path(folder, "log")
        logging = (
            f"--log-file={log}",
            "--log-file-level=DEBUG",
            "-o",
            "log_file_format=%(message)s",
        )
        _run(networks, f"--report={folder}", *logging, "tests/characterisation")
        total = _seconds_by_case(Path(folder, "junit.xml"))
        esptool = _esptool_by_case(log.read_text("utf-8"))
    own = {case: total[case] - esptool[case] for case in esptool}
    first, *others = own  # in the order of work; the first starts the lab and checks the station
    worst = max(others, key=lambda case: own[case])
    print(f"a variant, one process: {fmean(total[case] for case in own):.2f} s on average")
    print(f"  of which esptool:     {fmean(esptool.values()):.2f} s")
    print(
        f"  bench and models:     {fmean(own.values()):.2f} s; at most {own[worst]:.2f} s ({worst})"
    )
    print(f"  with the run's start: {own[first]:.2f} s ({first})")


def _run(*arguments: str) -> None:
    program = [sys.executable, "-m", "pytest", "-m", "sim", "-p", "no:cacheprovider", *arguments]
    subprocess.run(program, check=True, stdout=subprocess.DEVNULL)


def _seconds_by_case(junit: Path) -> dict[str, float]:
    """Of all tests of each variant, set-up included, in s."""
    seconds: dict[str, float] = defaultdict(float)
    for case in ElementTree.parse(junit).iter("testcase"):
        if found := _CASE.fullmatch(case.get("name", "")):
            seconds[found[1]] += float(case.get("time", "0"))
    return seconds


def _esptool_by_case(log: str) -> dict[str, float]:
    """Of every run of esptool for each variant, in s; the first one identifies the chip."""
    seconds: dict[str, float] = defaultdict(float)
    pending, case = 0.0, None
    for line in log.splitlines():
        if found := _SUBJECT.match(line):
            case = found[1]
            seconds[case] += pending
            pending = 0.0
        elif found := _ESPTOOL.match(line):
            if case is None:
                pending += float(found[1])
            else:
                seconds[case] += float(found[1])
    return seconds


if __name__ == "__main__":
    main()
