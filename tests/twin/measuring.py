"""A process that measures on a lab until somebody ends it: ``python -m tests.twin.measuring``.

Takes the lab's addresses as JSON and the folder for traces. Signals stand for what may happen to it
at any moment: SIGUSR1 for an error, SIGALRM for a time-out (as pytest-timeout has it), SIGUSR2 for
``os._exit``.
"""

import itertools
import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from bench.station.configuration import load_station
from tests.served import STATIONS
from tests.twin.tiny_models import subject, workbench


class SomethingWentWrongError(RuntimeError):
    """An error of anybody's code."""


class TimeIsUpError(BaseException):
    """A time-out that ends a test; like pytest's own, it is no `Exception`."""


def fail(_number: int, _frame: FrameType | None) -> None:
    raise SomethingWentWrongError("something went wrong")


def time_out(_number: int, _frame: FrameType | None) -> None:
    raise TimeIsUpError("the time is up")


def exit_at_once(_number: int, _frame: FrameType | None) -> None:
    os._exit(3)


def main() -> None:
    addresses, traces = json.loads(sys.argv[1]), Path(sys.argv[2])
    signal.signal(signal.SIGUSR1, fail)
    signal.signal(signal.SIGALRM, time_out)
    signal.signal(signal.SIGUSR2, exit_at_once)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell had it ignored
    station = load_station(STATIONS / "twin.toml").with_addresses(**addresses)
    with workbench(station, traces, windows=5) as bench:
        for name in itertools.cycle(("tiny-L", "tiny-F")):  # so that each is really flashed
            bench.measure(subject(name))


if __name__ == "__main__":
    main()
