"""Every fault of the lab and every bad model: one clear error or answer, and the output off.

What is seen of each stands in the tables of ``docs/faults.md``, which these tests hold.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from bench.device.images import MODEL_PARTITION_OFFSET
from bench.errors import BenchError
from bench.run.measure import Workbench, is_broken
from bench.run.subject import Result, Subject
from bench.station.configuration import Station
from bench.station.lease import Lease
from bench.twin.faults import FAULTS
from bench.twin.lab import Lab
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
    return changed("digitizer", shunt=shunt)(station)


def padded(subject: Subject) -> Subject:
    """With a model that fills all flash."""
    model = subject.image.model.ljust(4 << 20, b"\0")
    return replace(subject, image=replace(subject.image, model=model))


def with_other_golden(subject: Subject) -> Subject:
    return replace(subject, expected=np.roll(subject.expected, 1, axis=-1))


@dataclass(frozen=True)
class Case:
    """How a row is brought about beside the lab's fault, and what its message must say."""

    says: tuple[str, ...]
    model: str = "tiny-L"
    station: Callable[[Station], Station] = lambda station: station
    subject: Callable[[Subject], Subject] = lambda subject: subject


CASES = {
    "port-missing": Case(("ttyUSB-unplugged", "No such file", "check the cable, [device] port")),
    "chip-other": Case(("chip is ESP32-S2, not ESP32", "correct [device] chip")),
    "mac-other": Case(("has MAC 24:0a:c4:ff:ff:ff", "expects 24:0a:c4:00:00:01", "right board")),
    "chip-silent": Case(("does not answer in its loader", "No serial data", "check power, RX, TX")),
    "flash-worn": Case(("does not hold what was written", "replace the module")),
    "flash-misread": Case(("CRC-32 of the model is", "wanted", "flash the model again")),
    "console-silent": Case(
        ("no m-init-done and m-ready within 1 s", "last seen", "flash the firmware"),
        station=changed("timeouts", boot=1.0),
    ),
    "console-garbage": Case((r"\x", "is not the console's text", "check baud rate and wiring")),
    "arena-small": Case(("arena too small: model needs 7256 bytes, 2048 are there",)),
    "outputs-wrong": Case(("2 windows, 2 of another class",)),
    "marker-missing": Case(("no trigger", "-200284", "check the marker's wiring")),
    "supply-silent": Case(
        ("no reply within 0.5 s", "check that the instrument is on"),
        station=changed("supply", timeout=0.5),
    ),
    "supply-hangs": Case(
        ("no reply within 0.5 s", "check that the instrument is on"),
        station=changed("supply", timeout=0.5),
    ),
    "supply-other-model": Case(("NGMO1", "not an NGMO2", "correct the resource")),
    "supply-stuck": Case(("voltage was set to 3.3 V and reads back 0 V", "front panel")),
    "digitizer-missing": Case(("Dev1", "no such device", "-200220", "digitizer.device")),
    "digitizer-samples-lost": Case(("samples were lost", "-200361", "read faster")),
    "shunt-lead-off": Case(("shunt reaches 1.05 V", "range of +-1 V", "leads and terminals")),
    "flash-late": Case(
        ("not done within 0.1 s", "raise [timeouts] flash"),
        station=changed("timeouts", flash=0.1),
    ),
    "range-narrow": Case(
        ("wanted less than its range of +-0.2 V", "take a wider [digitizer] shunt range"),
        station=with_narrow_range,
    ),
    "model-large": Case(("4.19451e+06 of 3.08019e+06 B",), subject=padded),
    "model-arena": Case(("170,496 of 163,840 B",), model="large_arena-L"),
    "model-hybrid-lstm": Case(
        ("no kernel for hybrid UNIDIRECTIONAL_SEQUENCE_LSTM",), model="hybrid_lstm-D"
    ),
    "golden-other": Case(("2 windows, 2 of another class",), subject=with_other_golden),
}


def test_the_documentation_lists_every_fault() -> None:
    assert list(DOCUMENTED) == list(CASES)
    assert {name: fault.what for name, fault in FAULTS.items()} == {
        name: row.what for name, row in DOCUMENTED.items() if name in FAULTS
    }


@pytest.mark.parametrize("name", CASES)
def test_fault(name: str, tmp_path: Path) -> None:
    row, case = DOCUMENTED[name], CASES[name]
    faults = [name] if name in FAULTS else []
    with staged(*faults) as stage:
        with workbench(case.station(stage.station), tmp_path) as bench:
            what = case.subject(subject(case.model))
            if row.step is None:
                said = the_error(lambda: bench.measure(what), row)
            else:
                said = the_step(bench.measure(what), row)
            assert not stage.is_on
        assert not stage.is_on
        assert row.power or stage.lab.world.power_cycle == 0
    for words in case.says:
        assert words in said


def the_error(measure: Callable[[], Result], row: Row) -> str:
    """The message of the one error in which it ends."""
    with pytest.raises(BenchError) as caught:
        measure()
    assert type(caught.value).__name__ == row.error
    assert is_broken(caught.value) == row.skips_the_rest
    assert not getattr(caught.value, "__notes__", [])
    said = str(caught.value)
    assert "\n" not in said
    return said


def the_step(result: Result, row: Row) -> str:
    """What is said of the one step that is not kept."""
    *kept, refused = result.steps
    assert all(step.kept for step in kept)
    assert (refused.name, refused.kept) == (row.step, False)
    assert result.measured is None
    assert not row.skips_the_rest
    return str(refused)


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


@pytest.mark.parametrize("moment", ["powered", "booted", "measuring"])
def test_a_killed_worker_leaves_the_output_off(moment: str, tmp_path: Path) -> None:
    with staged() as stage, measuring(stage, tmp_path) as process:
        wait_for(moment, stage.lab)
        process.kill()
        process.wait()
        lease = Lease(stage.station.supply.resource)
        with FileLock(lease.guardian_lock, timeout=PATIENCE):  # its guardian has ended
            assert not stage.is_on
        log = lease.guardian_log.read_text("utf-8")
    assert "the owner ended without switching off; the output is off" in log
