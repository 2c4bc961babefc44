"""Every fault of the lab and every bad model: one clear error or answer, and the output off.

What is seen of each stands in the tables of ``docs/faults.md``, which these tests hold.
"""

import itertools
import json
import math
import os
import random
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from bench.device.deployability import Step
from bench.device.images import MODEL_PARTITION_OFFSET
from bench.errors import BenchError, StationBusyError
from bench.run.doctor import QUICK_SECONDS, first_error
from bench.run.measure import Workbench, is_broken
from bench.run.subject import Subject
from bench.station.configuration import Station
from bench.station.lease import Lease
from bench.twin.faults import FAULTS
from bench.twin.lab import Lab
from bench.twin.world import World
from tests.full_disk import full_disk
from tests.proxy import Proxy
from tests.twin.tiny_models import Stage, staged, subject, workbench

ROOT = Path(__file__).parents[2]
PATIENCE = 300.0
"""s after which a test gives up waiting; no test waits so long unless it fails."""


@dataclass(frozen=True)
class Row:
    """A row of the tables: the class of the error, or the step of deployability."""

    what: str
    error: str | None
    step: str | None
    power: bool
    skips_the_rest: bool


_ROW = re.compile(
    r"^\| `(?P<name>[a-z-]+)` \| (?P<what>[^|]+) \| (?:error `(?P<error>\w+)`|"
    r"undeployable: `(?P<step>[a-z ]+)`) \| (?P<power>yes|no) \| (?P<rest>skipped|goes on) \|$",
    re.MULTILINE,
)
DOCUMENTED = {
    row["name"]: Row(
        row["what"], row["error"], row["step"], row["power"] == "yes", row["rest"] == "skipped"
    )
    for row in _ROW.finditer((ROOT / "docs" / "faults.md").read_text("utf-8"))
}


def changed(section: str, **keys: object) -> Callable[[Station], Station]:
    """A station file with other values in a section."""

    def change(station: Station) -> Station:
        values = getattr(station, section).model_copy(update=keys)
        return station.model_copy(update={section: values})

    return change


def with_narrow_range(station: Station) -> Station:
    shunt = station.digitizer.shunt.model_copy(update={"range": 0.2})
    card = station.calibration.card
    figures = card.ranges[-1].model_copy(update={"range": 0.2})
    with_range = card.model_copy(update={"ranges": (*card.ranges, figures)})
    calibration = replace(station.calibration, card=with_range)
    calibrated = station.model_copy(update={"calibration": calibration})
    return changed("digitizer", shunt=shunt)(calibrated)


def padded(subject: Subject) -> Subject:
    """With a model that fills all flash."""
    model = subject.image.model.ljust(4 << 20, b"\0")
    return replace(subject, image=replace(subject.image, model=model))


def with_other_golden(subject: Subject) -> Subject:
    return replace(subject, expected=np.roll(subject.expected, 1, axis=-1))


@contextmanager
def nothing(stage: Stage) -> Iterator[Station]:
    yield stage.station


@contextmanager
def no_room_for_traces(stage: Stage) -> Iterator[Station]:
    """All files but traces stay below a mebibyte."""
    with full_disk(1 << 20):
        yield stage.station


@contextmanager
def leased_by_another(stage: Stage) -> Iterator[Station]:
    with Lease(stage.station.supply.resource):
        yield changed("timeouts", lease=0.0)(stage.station)


@contextmanager
def away_when_on(stage: Stage) -> Iterator[Station]:
    """Whenever the output goes on, the supply's server takes no connection for some time."""
    port, connect = int(stage.station.supply.resource.split("::")[2]), stage.lab.world.connect
    with Proxy(port) as proxy:

        def connect_and_go(volts: float, limit: float = math.inf) -> None:
            connect(volts, limit)
            proxy.refuse(5)

        stage.lab.world.connect = connect_and_go  # type: ignore[method-assign]  # at that moment
        yield changed("supply", resource=proxy.resource)(stage.station)


@dataclass(frozen=True)
class Case:
    """How a row is brought about beside the lab's fault, and what its message must say.

    Attributes:
        says: Parts of the message.
        model: Name of the model.
        station: Makes another station of the lab's.
        subject: Makes another subject of the model's.
        around: What is wrong beside the lab.
        by_the_guardian: Whether the output goes off only when the station is left.
    """

    says: tuple[str, ...]
    model: str = "tiny-L"
    station: Callable[[Station], Station] = lambda station: station
    subject: Callable[[Subject], Subject] = lambda subject: subject
    around: Callable[[Stage], AbstractContextManager[Station]] = nothing
    by_the_guardian: bool = False


def quick(station: Station) -> Station:
    """With a short patience for a supply that is silent from the beginning."""
    return changed("supply", timeout=0.5)(changed("timeouts", guardian=1.0)(station))


soon_booted = changed("timeouts", boot=1.0)
"""With a short patience for a device that says nothing, or nothing more, once it has power."""


CASES = {
    "port-missing": Case(("ttyUSB-unplugged", "No such file", "check the cable")),
    "port-busy": Case(("Could not exclusively lock port", "no other program has it open")),
    "chip-other": Case(("chip is ESP32-S2, not ESP32", "correct [device] chip")),
    "mac-other": Case(("has MAC 24:0a:c4:ff:ff:ff", "expects 24:0a:c4:00:00:01", "right board")),
    "chip-silent": Case(("does not answer in its loader", "No serial data", "check power, RX, TX")),
    "boot-strapped": Case(("'waiting for download'", "holds IO0 low"), station=soon_booted),
    "flash-worn": Case(("does not hold what was written", "replace the module")),
    "flash-misread": Case(("CRC-32 of the model is", "wanted", "flash the model again")),
    "console-silent": Case(
        ("no m-init-done and m-ready within 1 s", "last seen", "flash the firmware"),
        station=soon_booted,
    ),
    "console-garbage": Case((r"\x", "is not the console's text", "check baud rate and wiring")),
    "arena-small": Case(("arena too small: model needs 7256 bytes, 2048 are there",)),
    "outputs-wrong": Case(("2 windows, 2 of another class",)),
    "marker-missing": Case(("no trigger", "-200284", "check the marker's wiring")),
    "marker-doubled": Case(
        ("marker edges at samples rise", "wanted one rise", "check the marker's cable")
    ),
    "marker-late": Case(("inferences draw", "later or earlier than the work ends", "its line")),
    "marker-loaded": Case(("RTCWDT_BROWN_OUT_RESET", "its voltage fell too low")),
    "device-shorted": Case(("switched on and reads back off", "a limit may have tripped")),
    "usb-power": Case(("3.28 V with the supply's output off", "wanted at most 0.3 V", "unplug")),
    "lead-worn": Case(("the device is at 2.6", "below its minimum of 2.7 V", "raise the supply's")),
    "supply-silent": Case(("no reply within 0.5 s", "the instrument is on"), station=quick),
    "supply-hangs": Case(
        ("no reply within 5 s", "the instrument is on"), station=changed("supply", timeout=5.0)
    ),
    "supply-hangs-up": Case(("cannot be reached", "reset by peer", "the address and the cable")),
    "supply-stale": Case(("'0,\"No error\"' is neither on nor off", "to an earlier query")),
    "supply-other-model": Case(("NGMO1", "not an NGMO2", "correct the resource")),
    "supply-stuck": Case(("voltage was set to 3.3 V and reads back 0 V", "front panel")),
    "supply-complains": Case(("the supply reports -240, Hardware error",)),
    "supply-trips": Case(("the supply switched its output off", "look for a short")),
    "digitizer-missing": Case(("Dev1", "no such device", "-200220", "digitizer.device")),
    "digitizer-gone": Case(("Dev1", "the driver's server failed", "UNAVAILABLE")),
    "digitizer-samples-lost": Case(("samples were lost", "-200361", "read faster")),
    "digitizer-overwritten": Case(("samples were lost", "-200279", "read faster")),
    "digitizer-samples-dropped": Case(("ms by the card", "ratio off by -10", "samples were lost")),
    "shunt-lead-off": Case(("no voltage that would drive it", "a lead of the card floats")),
    "shunt-reversed": Case(("current: -2", "mA through the shunt", "mA by the supply", "En = -")),
    "channels-swapped": Case(("supply reads at most 0.2", "exchange the leads")),
    "channel-saturated": Case(("shunt reaches 1.05 V", "its range of +-1 V")),
    "shunt-drift": Case(("mA through the shunt", "wanted at most 1", "check the shunt's value")),
    "gain-drift": Case(("mA through the shunt", "wanted at most 1", "check the shunt's value")),
    "offset-drift": Case(("uV with the output off, wanted at most", "calibrate the card")),
    "clock-drift": Case(("ms by the card", "ratio off by +9", "a clock is wrong")),
    "flash-late": Case(
        ("not done within 0.1 s", "raise [timeouts] flash"),
        station=changed("timeouts", flash=0.1),
    ),
    "range-narrow": Case(
        ("its range of +-0.2 V", "take a wider [digitizer] shunt range"),
        station=with_narrow_range,
    ),
    "model-large": Case(("4.19451e+06 of 3.08019e+06 B",), subject=padded),
    "model-arena": Case(("170,496 of 163,840 B",), model="large_arena-L"),
    "model-hybrid-lstm": Case(
        ("no kernel for hybrid UNIDIRECTIONAL_SEQUENCE_LSTM",), model="hybrid_lstm-D"
    ),
    "golden-other": Case(("2 windows, 2 of another class",), subject=with_other_golden),
    "disk-full": Case(("cannot write the trace", "make room"), around=no_room_for_traces),
    "station-leased": Case(("is leased by process", "wait for it"), around=leased_by_another),
    "supply-away": Case(
        ("cannot be reached", "check the address"), around=away_when_on, by_the_guardian=True
    ),
}


def test_the_documentation_lists_every_fault() -> None:
    assert list(DOCUMENTED) == list(CASES)
    assert {name: fault.what for name, fault in FAULTS.items()} == {
        name: row.what for name, row in DOCUMENTED.items() if name in FAULTS
    }


@dataclass(frozen=True)
class Seen:
    """What a user sees: an error, of the self-check or a measurement, or the variant's steps."""

    error: BenchError | None
    steps: Sequence[Step] = ()
    ends_the_run: bool = False
    powered: bool = True


class Watched:
    """Whether the supply has powered a lab's device."""

    def __init__(self, lab: Lab) -> None:
        self.powered = False
        self._power_on = lab.chip.power_on
        lab.chip.power_on = self.power_on  # type: ignore[method-assign]  # to be told

    def power_on(self) -> None:
        self.powered = True
        self._power_on()


@pytest.mark.parametrize("name", CASES)
def test_fault(name: str, tmp_path: Path) -> None:
    row, case = DOCUMENTED[name], CASES[name]
    with staged(*([name] if name in FAULTS else [])) as stage, case.around(stage) as station:
        seen = the_outcome(stage, case, case.station(station), tmp_path)
        assert not stage.is_on
    assert seen.powered == row.power
    assert seen.ends_the_run == row.skips_the_rest
    if seen.error is not None:
        assert type(seen.error).__name__ == row.error
        assert bool(getattr(seen.error, "__notes__", [])) == case.by_the_guardian
        said = str(seen.error)
    else:
        *kept, refused = seen.steps
        assert all(step.kept for step in kept)
        assert (refused.name, refused.kept) == (row.step, False)
        said = str(refused)
    assert "\n" not in said
    for words in case.says:
        assert words in said


def the_outcome(stage: Stage, case: Case, station: Station, traces: Path) -> Seen:
    """What becomes of a run with one variant: its self-check, and then its measurement.

    Where the self-check has found it, the same must be found by a measurement that begins without
    one, as if the fault had come only then. In no case is there an energy.
    """
    what, device = case.subject(subject(case.model)), Watched(stage.lab)
    try:
        with workbench(station, traces) as bench:
            found = first_error(bench.examine(QUICK_SECONDS)[-1])
            powered = device.powered
            assert case.by_the_guardian or not stage.is_on
            measured = the_measurement(bench, what)
            assert case.by_the_guardian or not stage.is_on
    except StationBusyError as error:  # nothing can be asked of it
        return Seen(error, ends_the_run=True, powered=device.powered)
    if found is None:
        return measured
    assert type(measured.error) is type(found)
    return Seen(found, ends_the_run=True, powered=powered)


def the_measurement(bench: Workbench, what: Subject) -> Seen:
    """What a measurement ends in, which is not an energy."""
    try:
        result = bench.measure(what)
    except BenchError as error:
        return Seen(error, ends_the_run=is_broken(error))
    assert result.measured is None
    return Seen(None, result.steps)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stage, Workbench]]:
    """A lab without a fault, and a bench that has it leased."""
    with staged() as stage, workbench(stage.station, tmp_path_factory.mktemp("sound")) as bench:
        yield stage, bench


@pytest.mark.parametrize("model", ["tiny-L", "tiny-D", "tiny-F", "tiny_lstm-L", "tiny_lstm-F"])
def test_without_a_fault_there_is_an_energy(sound: tuple[Stage, Workbench], model: str) -> None:
    stage, bench = sound
    measured = bench.measure(subject(model)).measured
    assert not stage.is_on
    assert measured is not None
    world, window = stage.lab.world, measured.windows[0]
    rise = world.rises[-1].time
    truth = world.energy(rise, rise + window.device_seconds) / measured.inferences
    assert measured.energy.value == pytest.approx(truth, abs=measured.energy.expanded)


# ---- more than one attempt


def test_an_error_that_comes_again_tells_of_every_attempt(tmp_path: Path) -> None:
    with (
        staged("supply-stuck") as stage,
        workbench(stage.station, tmp_path, attempts=3) as bench,
        pytest.raises(BenchError) as caught,
    ):
        bench.measure(subject("tiny-L"))
    text = f"{type(caught.value).__name__}: {caught.value}"
    assert caught.value.__notes__ == [f"attempt 1: {text}", f"attempt 2: {text}"]


def test_an_error_that_passes_is_on_record(tmp_path: Path) -> None:
    with staged() as stage, Proxy(int(stage.station.supply.resource.split("::")[2])) as proxy:
        station = changed("supply", resource=proxy.resource)(stage.station)
        with workbench(station, tmp_path, attempts=2) as bench:
            proxy.refuse(1)
            result = bench.measure(subject("tiny-F"))
    assert len(result.errors) == 1
    assert result.errors[0].startswith("SupplyConnectionError: ")
    assert result.measured is not None


# ---- by name


def test_a_lab_is_served_with_several_faults() -> None:
    program = [sys.executable, "-m", "bench", "twin", "--while-stdin"]
    faults = ["--fault", "port-missing", "--fault", "supply-other-model"]
    with subprocess.Popen(
        program + faults, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as lab:
        assert lab.stdout is not None
        addresses = json.loads(lab.stdout.readline())
        assert "unplugged" in addresses["serial"]
        port = int(addresses["visa"].split("::")[2])
        with socket.create_connection(("127.0.0.1", port)) as link, link.makefile("rw") as lines:
            lines.write("*IDN?\n")
            lines.flush()
            assert "NGMO1" in lines.readline()
        lab.communicate()
    assert lab.returncode == 0


def test_a_fault_of_no_name_is_refused_with_those_that_there_are() -> None:
    program = [sys.executable, "-m", "bench", "twin", "--fault", "gremlins"]
    done = subprocess.run(program, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1
    assert done.stderr == f"error: no fault 'gremlins': use one of {', '.join(FAULTS)}\n"


# ---- Ctrl-C and SIGKILL

MOMENTS: dict[str, Callable[[Lab], bool]] = {
    "powered": lambda lab: lab.world.on,
    "flashing": lambda lab: lab.chip.flash.read(MODEL_PARTITION_OFFSET, 1) != b"\xff",
    "booted": lambda lab: lab.world.power_cycle > 1,
    "checking": lambda lab: len(lab.world.rises) > 0,
    "measuring": lambda lab: len(lab.world.rises) > 4,
}
"""While a golden window is inferred, and for the timed warm-up, the marker rises once each."""


@contextmanager
def measuring(stage: Stage, traces: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that measures on the lab, in a group of its own as a shell starts one."""
    addresses = json.dumps(asdict(stage.lab.addresses))
    with subprocess.Popen(
        [sys.executable, "-m", "tests.twin.measuring", addresses, traces],
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):  # also what a killed process left behind
                os.killpg(process.pid, signal.SIGKILL)


def wait_for(moment: str, lab: Lab) -> None:
    with lab.world.changed:
        assert lab.world.changed.wait_for(lambda: MOMENTS[moment](lab), PATIENCE)


@pytest.mark.parametrize("moment", MOMENTS)
def test_ctrl_c_at_any_moment_leaves_the_output_off(moment: str, tmp_path: Path) -> None:
    with staged() as stage, measuring(stage, tmp_path) as process:
        wait_for(moment, stage.lab)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE)
        assert not stage.is_on
    assert process.returncode == -signal.SIGINT
    assert said.rstrip().endswith("KeyboardInterrupt")


LIFE = {
    "configure": (1, 27),
    "flash": (27, 450),
    "power cycle": (450, 462),
    "console": (462, 504),
    "capture": (504, 7600),
}
"""About which events of the lab fall into which step of an owner's first measurement."""
DRAW = random.Random(2023)


def at_event(world: World, number: int, act: Callable[[], object]) -> None:
    """Do something in the very moment of an event, counted from 1, of which anybody is told."""
    tell, count = world._notify, itertools.count(1)

    def tell_and_act() -> None:
        tell()
        if next(count) == number:
            act()

    world._notify = tell_and_act  # type: ignore[method-assign]  # nothing else is told of each


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(DRAW.randrange(*span), id=f"{step} {number}")
        for step, span in LIFE.items()
        for number in (1, 2)
    ],
)
def test_an_owner_killed_at_any_moment_leaves_the_output_off(event: int, tmp_path: Path) -> None:
    with staged() as stage, ExitStack() as stack:
        with stage.lab.world.lock:  # nothing happens before it is known who is to be killed
            process = stack.enter_context(measuring(stage, tmp_path))
            at_event(stage.lab.world, event, process.kill)
        process.wait(PATIENCE)
        lease = Lease(stage.station.supply.resource)
        with FileLock(lease.guardian_lock, timeout=PATIENCE):  # its guardian has ended
            assert not stage.is_on
        log = lease.guardian_log.read_text("utf-8")
    assert process.returncode == -signal.SIGKILL
    assert "the owner ended without switching off; the output is off" in log
