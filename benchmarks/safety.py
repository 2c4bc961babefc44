"""How long the supply's output stays on after whoever switched it on has come to an end.

    python -m benchmarks.safety [--kills 200] [--seed 1]

A process measures on a served twin, over and over: configure, power on, flash, power cycle,
console, capture, power off. At a drawn moment of a drawn step it is ended in one of several ways,
and what the lab sees of its output is timed, in wall time. Exits with 1 if the output stays on.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from itertools import count, pairwise
from pathlib import Path
from statistics import median

from filelock import FileLock
from rich.console import Console
from rich.table import Table

from bench.station.configuration import load_station
from bench.station.lease import Lease
from bench.twin.lab import Lab
from bench.twin.world import World
from benchmarks.steps import PATIENCE, STEPS, Watch
from tests.proxy import Proxy
from tests.served import SEED, STATIONS

ROOT = Path(__file__).parents[1]
WANTED = 2.0
"""Longest time to off in s."""
AWAY = 0.5
"""s for which the supply's server is gone."""
AGAIN = 20.0
"""s until it is done again; an owner that minds it takes a part of that."""
GIVEN_UP = 5
"""So often at most."""
SLOWEST = 5
"""So many are listed."""
Process = subprocess.Popen[bytes]


@dataclass(frozen=True)
class Bench:
    """A lab that is served, the way to its supply, and what an owner of it is told."""

    world: World
    watch: Watch
    proxy: Proxy
    addresses: str
    lease: Lease


@contextmanager
def served() -> Iterator[Bench]:
    """A lab on loopback, its supply behind a connection that can be cut."""
    with (
        Lab(load_station(STATIONS / "twin.toml"), SEED) as lab,
        Proxy(int(lab.addresses.visa.split("::")[2])) as proxy,
    ):
        addresses = replace(lab.addresses, visa=proxy.resource)
        told, lease = json.dumps(asdict(addresses)), Lease(proxy.resource)
        yield Bench(lab.world, Watch(lab.world), proxy, told, lease)


@contextmanager
def owner(bench: Bench, traces: Path) -> Iterator[Process]:
    """A process that measures, the leader of a group as a shell starts one."""
    program = [sys.executable, "-m", "tests.twin.measuring", bench.addresses, str(traces)]
    with subprocess.Popen(program, cwd=ROOT, stderr=subprocess.DEVNULL, process_group=0) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):  # also the esptool of a killed one
                os.killpg(process.pid, signal.SIGKILL)


def send(number: int) -> Callable[[Bench, Process], None]:
    """Send the owner a signal."""
    return lambda bench, process: process.send_signal(number)


def press_ctrl_c(bench: Bench, process: Process) -> None:
    """Interrupt the owner and all that it has started, as a terminal does."""
    os.killpg(process.pid, signal.SIGINT)


def cut_off(bench: Bench, process: Process) -> None:
    """Take the supply's server away for a while."""
    bench.proxy.refuse(sys.maxsize)
    time.sleep(AWAY)
    bench.proxy.refuse(0)


def kill_and_cut_off(bench: Bench, process: Process) -> None:
    """Kill the owner, and take the supply's server away from the guardian."""
    process.kill()
    cut_off(bench, process)


WAYS: dict[str, Callable[[Bench, Process], None]] = {
    "exception": send(signal.SIGUSR1),
    "time-out": send(signal.SIGALRM),
    "Ctrl-C": press_ctrl_c,
    "SIGTERM": send(signal.SIGTERM),
    "os._exit": send(signal.SIGUSR2),
    "SIGKILL": send(signal.SIGKILL),
    f"SIGKILL, server away {AWAY:g} s": kill_and_cut_off,
    f"server away {AWAY:g} s": cut_off,
}


@dataclass(frozen=True)
class End:
    """How an owner ended: in which step, and what became of the output.

    Attributes:
        way: Key of `WAYS`.
        step: Key of `STEPS`, or ``idle``.
        was_on: Whether the output was on at that moment.
        seconds: From that moment until the output was off for good; 0 if it never was on after.
        stays_on: Whether it is still on after owner and guardian have ended.
        again: How often it had to be done again, and is counted from then: Python drops an
            exception in a destructor or a callback, and a cut is no harm to who is not connected.
    """

    way: str
    step: str
    was_on: bool
    seconds: float
    stays_on: bool
    again: int


def end(bench: Bench, way: str, step: str, delay: float, traces: Path) -> End:
    """Start an owner and end it `delay` s after it has come to `step`."""
    bench.watch.forget()
    with owner(bench, traces) as process:
        bench.watch.wait_for(step)
        time.sleep(delay)
        for times in count():
            with bench.world.lock:
                seen, was_on, moment = bench.watch.step(), bench.world.on, time.monotonic()
            WAYS[way](bench, process)
            with suppress(subprocess.TimeoutExpired):
                process.wait(AGAIN)
                break
            if times == GIVEN_UP:
                raise TimeoutError(f"an owner does not end by {way}")
        with FileLock(bench.lease.guardian_lock, timeout=PATIENCE), bench.world.lock:
            stays_on = bench.world.on
            bench.world.disconnect()
    return End(way, seen, was_on, max(0.0, bench.watch.off - moment), stays_on, times)


def durations(bench: Bench, traces: Path) -> dict[str, float]:
    """How long each step of an undisturbed life cycle takes, in s of wall time."""
    bench.watch.forget()
    with owner(bench, traces) as process:
        bench.watch.wait_for("capture")
        with bench.world.changed:
            bench.world.changed.wait_for(bench.watch.has_come_round, PATIENCE)
            begins = list(bench.watch.begins)
        process.kill()
    with FileLock(bench.lease.guardian_lock, timeout=PATIENCE):
        pass
    lasts = dict.fromkeys(STEPS, 0.0)
    for (begin, step), (after, _) in pairwise(begins):
        lasts[step] = max(lasts.get(step, 0.0), after - begin)
    return lasts


def table(ends: Sequence[End]) -> Table:
    """A row for each way, and one for all."""
    shown = Table(title=f"{len(ends)} owners ended at drawn moments")
    for name in (
        "way",
        "ended",
        "output on then",
        "median to off",
        "longest to off",
        "stays on",
        "done again",
    ):
        shown.add_column(name, justify="left" if name == "way" else "right")
    groups = {way: [each for each in ends if each.way == way] for way in WAYS}
    for way, group in [*groups.items(), ("all", list(ends))]:
        times = [each.seconds for each in group if each.was_on or each.seconds > 0.0]
        shown.add_row(
            way,
            str(len(group)),
            str(sum(each.was_on for each in group)),
            f"{median(times):.2f} s" if times else "",
            f"{max(times):.2f} s" if times else "",
            str(sum(each.stays_on for each in group)),
            str(sum(each.again for each in group)),
            end_section=way == list(WAYS)[-1],
        )
    return shown


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="how many owners are ended")
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    options = parser.parse_args()
    draw = random.Random(options.seed)
    ends: list[End] = []
    with (
        served() as bench,
        tempfile.TemporaryDirectory(prefix="har-safety-") as folder,
        ExitStack() as stack,
    ):
        traces = Path(folder)
        lasts = durations(bench, traces)
        stack.enter_context(suppress(KeyboardInterrupt))  # what there is by then is shown
        for number in range(options.kills):
            way, step = list(WAYS)[number % len(WAYS)], draw.choice(list(STEPS))
            ends.append(end(bench, way, step, draw.uniform(0.0, lasts[step]), traces))
            print(f"\r{number + 1} of {options.kills}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    Console(width=120).print(table(ends))
    steps = Counter(each.step for each in ends)
    print("by step:", ", ".join(f"{step} {steps[step]}" for step in (*STEPS, "idle")))
    longest = max((each.seconds for each in ends), default=0.0)
    print(f"longest time to off {longest:.2f} s, wanted at most {WANTED:g} s")
    for each in sorted(ends, key=lambda each: each.seconds)[: -SLOWEST - 1 : -1]:
        print(f"  {each.seconds:.2f} s after {each.way} in step {each.step}")
    staying = [each for each in ends if each.stays_on]
    for each in staying:
        print(f"the output stayed on after {each.way} in step {each.step}")
    return 1 if staying else 0


if __name__ == "__main__":
    sys.exit(main())
