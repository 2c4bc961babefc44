"""The self-check on served labs: a sound one passes, and what is wrong is named where it shows."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bench.measurement.checks import Check, Verdict
from bench.report.convert import check_records
from bench.run import probe
from bench.run.doctor import PLAN, QUICK_SECONDS
from bench.run.measure import Workbench
from bench.twin import faults
from bench.twin.equipment import Equipment
from bench.twin.faults import Fault
from tests.twin.tiny_models import DATA, Stage, staged, subject, workbench

ROOT = Path(__file__).parents[2]
DRIFT = 1.05


def examined(bench: Workbench) -> dict[str, Check]:
    """The checks of the one attempt, by name."""
    (checks,) = bench.examine(QUICK_SECONDS)
    assert tuple(check.name for check in checks) == PLAN
    return {check.name: check for check in checks}


def of(stage: Stage, tmp_path: Path) -> dict[str, Check]:
    with workbench(stage.station, tmp_path) as bench:
        found = examined(bench)
        assert not stage.is_on
    return found


def test_the_probe_is_the_smallest_of_the_test_models() -> None:
    assert probe.image().model == (DATA / "tiny-F.tflite").read_bytes()


def test_the_documentation_tells_of_every_check() -> None:
    text = (ROOT / "docs" / "doctor.md").read_text("utf-8")
    table = text[text.index("station twin") : text.index("Beneath the table")]
    rows = [line.partition("  ")[0] for line in table.splitlines()[2:] if line[:1].isalpha()]
    assert tuple(rows) == PLAN


def test_a_sound_station_passes_and_no_measurement_depends_on_it(tmp_path: Path) -> None:
    with staged() as stage, workbench(stage.station, tmp_path) as bench:
        found = examined(bench)
        assert {check.verdict for check in found.values()} == {Verdict.OK}
        assert found["shunt at idle"].note.endswith("on (95 %)")
        after = bench.measure(subject("tiny-L")).measured
    with staged() as stage, workbench(stage.station, tmp_path) as bench:
        alone = bench.measure(subject("tiny-L")).measured
    assert after == alone


def test_two_labs_of_one_seed_give_the_same_self_check(tmp_path: Path) -> None:
    records = []
    for _ in range(2):
        with staged() as stage, workbench(stage.station, tmp_path) as bench:
            records.append(check_records(bench.examine(QUICK_SECONDS)))
    assert records[0] == records[1]


@pytest.mark.parametrize(
    ("fault", "name", "error"),
    [
        ("digitizer-missing", "card", "DigitizerError"),
        ("supply-other-model", "supply", "SupplyIdentityError"),
        ("digitizer-samples-lost", "phantom voltage", "SamplesLostError"),
        ("shunt-lead-off", "phantom current", "OpenLeadError"),
        ("port-missing", "phantom console", "PortError"),
        ("mac-other", "chip", "WrongDeviceError"),
        ("console-garbage", "firmware", "ConsoleGarbageError"),
        ("marker-missing", "marker", "TriggerMissingError"),
    ],
)
def test_a_fault_is_named_where_it_shows(fault: str, name: str, error: str, tmp_path: Path) -> None:
    with staged(fault) as stage:
        found = of(stage, tmp_path)
        power_cycles = stage.lab.world.power_cycle
    check = found[name]
    assert check.verdict is Verdict.FAILED
    assert type(check.error).__name__ == error
    assert found["card"].verdict is Verdict.OK or name == "card"
    assert (power_cycles > 0) == (name in ("card", "chip", "firmware", "marker"))


def test_without_a_card_the_rest_is_still_looked_at(tmp_path: Path) -> None:
    with staged("digitizer-missing") as stage:
        found = of(stage, tmp_path)
    for name in ("supply", "phantom console", "chip", "firmware", "output off"):
        assert found[name].verdict is Verdict.OK, name
    assert found["clock"].note == "see card"


def test_a_probe_that_does_not_run_is_no_fault_of_the_station(tmp_path: Path) -> None:
    with staged("arena-small") as stage:
        found = of(stage, tmp_path)
    assert found["shunt at idle"].verdict is Verdict.OK
    assert found["marker"].verdict is Verdict.NOT_POSSIBLE
    assert "arena too small" in found["marker"].note


def drifted(parts: Equipment) -> Equipment:
    shunt = parts.components.shunt * DRIFT
    return replace(parts, components=replace(parts.components, shunt=shunt))


def swapped(parts: Equipment) -> Equipment:
    wiring = {**parts.wiring, 0: parts.wiring[1], 8: parts.wiring[9], 1: parts.wiring[0]}
    return replace(parts, wiring=wiring | {9: parts.wiring[8]})


@pytest.mark.parametrize(
    ("change", "names", "error"),
    [
        (drifted, ("shunt in the loader", "shunt at idle"), "ImplausibleCurrentError"),
        (swapped, ("shunt in the loader",), "SwappedChannelsError"),
    ],
)
def test_what_only_power_shows(
    change: object,
    names: tuple[str, ...],
    error: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert callable(change)
    monkeypatch.setattr(faults, "FAULTS", {"this": Fault("for this test", change)})
    with staged("this") as stage:
        found = of(stage, tmp_path)
    for name in names:
        assert type(found[name].error).__name__ == error


def test_a_failed_self_check_is_made_once_more(tmp_path: Path) -> None:
    with staged("mac-other") as stage, workbench(stage.station, tmp_path, attempts=2) as bench:
        first, second = bench.examine(QUICK_SECONDS)
    assert [str(check.error) for check in first] == [str(check.error) for check in second]
    attempts = [record.attempt for record in check_records([first, second])]
    assert attempts == [1] * len(PLAN) + [2] * len(PLAN)


# ---- the command


def command(*arguments: str) -> "subprocess.CompletedProcess[str]":
    program = [sys.executable, "-m", "bench", "doctor", *arguments]
    return subprocess.run(program, capture_output=True, text=True, cwd=ROOT)


def test_the_command_prints_a_plain_table_and_writes_the_checks(tmp_path: Path) -> None:
    file = tmp_path / "checks.json"
    done = command("--fault", "mac-other", f"--json={file}")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0].startswith("station twin")
    assert "\x1b" not in done.stdout
    assert any(line.startswith("phantom voltage") and " ok" in line for line in lines)
    assert any(line.startswith("chip: WrongDeviceError: ") for line in lines)
    assert done.stderr == ""
    checks = {check["name"]: check for check in json.loads(file.read_text("utf-8"))}
    assert checks["chip"]["verdict"] == "failed"
    assert checks["zero of shunt"]["unit"] == "V"
    assert abs(checks["zero of shunt"]["figure"]) <= checks["zero of shunt"]["limit"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--station=absent.toml"], "error: absent.toml: cannot be read: No such file"),
        (["--station=stations/twin.toml"], "has no addresses yet: start a lab"),
        (["--station=stations/twin.toml", "--fault=mac-other"], "leave --station out"),
        (["--fault=gremlins"], "error: no fault 'gremlins': use one of port-missing, "),
    ],
)
def test_what_makes_no_sense_is_one_line(arguments: list[str], why: str) -> None:
    done = command(*arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert why in line


def test_checks_that_cannot_be_written_are_shown_all_the_same() -> None:
    done = command("--fault=mac-other", "--json=tox.ini/checks.json")
    assert done.returncode == 1
    assert "[device] mac" in done.stdout
    assert "cannot be written" in done.stderr
