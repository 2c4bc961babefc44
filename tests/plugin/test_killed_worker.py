"""A worker of a real run is killed while its station is powered: what becomes of lab and report."""

import json
import math
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.measurement.trace import load
from bench.report.files import load_report
from bench.station.configuration import load_station
from bench.twin.lab import Lab
from tests.plugin.test_plugin import INI, OWN, ROOT
from tests.served import SEED, STATIONS

pytest_plugins = ("pytester",)

CONFTEST = """
import json, os
from contextlib import contextmanager
from pathlib import Path
import bench.run.station
from bench.run.places import TWIN_FILE, Place
from bench.run.subject import Firmware
from bench.station.configuration import load_station
from bench.twin.lab import firmware_parts
from bench.twin.url_handler import environment, register

pytest_plugins = ["bench.plugin"]

@contextmanager
def the_lab_of_the_test(seed):
    register()
    Path("owner").write_text(str(os.getpid()))
    station = load_station(TWIN_FILE).with_addresses(**json.loads(os.environ["LAB"]))
    yield Place(station, Firmware(firmware_parts()), environment({}))

bench.run.station.twin_place = the_lab_of_the_test
"""


class Watched:
    """A lab that kills its owner at a rise of the marker, and notes how its output goes on.

    The lab itself does it, on the way, so nobody has to be quick.
    """

    def __init__(self, lab: Lab, owner: Path, model: str) -> None:
        self.addresses = json.dumps(asdict(lab.addresses))
        self.after: list[str] = []
        self._world, self._owner, self._model = lab.world, owner, model
        self._killed = False
        self._mark, self._connect, self._disconnect = (
            lab.world.mark,
            lab.world.connect,
            lab.world.disconnect,
        )
        lab.world.mark = self.mark  # type: ignore[method-assign]  # to act in that very moment
        lab.world.connect = self.connect  # type: ignore[method-assign]  # to be told first
        lab.world.disconnect = self.disconnect  # type: ignore[method-assign]  # likewise

    def mark(self, level: bool) -> None:
        self._mark(level)
        if level and not self._killed and self._world.identity == self._model:
            assert self._world.on
            os.kill(int(self._owner.read_text()), signal.SIGKILL)
            self._killed = True

    def connect(self, volts: float, limit: float = math.inf) -> None:
        self._connect(volts, limit)
        self._note("on")

    def disconnect(self) -> None:
        self._disconnect()
        self._note("off")

    def _note(self, state: str) -> None:
        if self._killed and self.after[-1:] != [state]:
            self.after.append(state)


@contextmanager
def watched(owner: Path, model: str) -> Iterator[Watched]:
    with Lab(load_station(STATIONS / "twin.toml"), SEED) as lab:
        yield Watched(lab, owner, model)


def test_a_killed_worker_leaves_power_off_and_the_rest_goes_on(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makeini(INI)
    pytester.makeconftest(CONFTEST)
    for name in ("test_fits.py", "test_energy.py"):
        shutil.copy(ROOT / "tests" / "characterisation" / name, pytester.path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    with watched(pytester.path / "owner", "tiny_F-own") as lab:
        monkeypatch.setenv("LAB", lab.addresses)
        result = pytester.runpytest_subprocess("-m", "sim", "-n", "2", *OWN, "--report=out")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(failed=1, passed=2)  # the one that failed ran again
    result.stdout.fnmatch_lines(["*worker 'gw?' crashed while running *test_fits*tiny_F-own*"])
    # By the guardian, before the next owner may switch it on.
    assert lab.after[0] == "off"
    assert lab.after[-1] == "off"
    everything_written_is_whole(pytester.path / "out")


def everything_written_is_whole(folder: Path) -> None:
    """The report holds what the next worker measured, and nothing of the killed one is left."""
    (record,) = load_report(folder / "report.json").variants
    assert record.error is None
    assert record.measurement is not None
    traces = {window.trace: window.sha256 for window in record.measurement.windows}
    traces |= {idle.trace: idle.sha256 for idle in record.measurement.idle}
    for name, sha256 in traces.items():
        load(folder / "traces" / name, sha256)
    assert {path.name for path in (folder / "traces").iterdir()} == set(traces)
    assert not [path for path in folder.rglob(".*") if path.is_file()]
    cases = list(ElementTree.parse(folder / "junit.xml").iter("testcase"))
    assert {case.attrib["name"] for case in cases if case.find("error") is not None} == {
        "test_fits[sim-tiny_F-own]"
    }
    assert "test_energy[sim-tiny_F-own]" in {case.attrib["name"] for case in cases}
