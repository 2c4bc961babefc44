"""Reports that somebody has edited: every command takes them, or says in a line what is wrong."""

import json
import shutil
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from bench.cli import app
from bench.errors import BenchError
from bench.report.convert import calibration_records
from bench.report.files import load_report
from bench.report.record import CheckRecord, ClaimRecord, Report, VariantRecord
from bench.run.gate import compare_reports
from bench.run.places import TWIN_FILE
from bench.station.configuration import load_station, station_text
from tests.unit import records
from tests.unit.waves import with_windows

COMMANDS = {
    "report": ["report", "{bad}", "-o", "{out}/page.html"],
    "report --history": ["report", "--history", "{bad}", "-o", "{out}/page.html"],
    "compare with it": ["compare", "{bad}", "{good}", "--all", "--markdown", "{out}/table.md"],
    "compare it": ["compare", "{good}", "{bad}", "--all", "--history", "{bad}"],
    "limits": ["limits", "{bad}"],
    "limits --write": ["limits", "{bad}", "--write", "{out}/limits.toml", "--reason", "a test"],
    "baseline": ["baseline", "{bad}", "-o", "{out}/baseline.json"],
    "reanalyse": ["reanalyse", "{bad}", "-o", "{out}/again.json", "--budget", "C_1-D"],
}
NONSENSE: tuple[object, ...] = (
    0, -1, 0.5, -0.5, 1e15, 1e-14, 1e308, -1e308, 1e-320, 10**400, "NaN", "Infinity", "-Infinity",
    None, True, "", "x", "a\0b", "../x", "0001-01-01T00:00:00", [], {}, [0, 0], [[1], [1, 2]],
)  # fmt: skip
MISSING = object()
Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Desk:
    """A sound report in one folder, and room for an edited one and for what commands write.

    Attributes:
        folder: Of all.
        sound: The report's content.
        fields: Where each value in it is, by the names on the way to it.
    """

    folder: Path
    sound: Any
    fields: dict[str, list[Place]]

    def edit(self, place: Place, value: object) -> None:
        """Write a report with another value, or none, in this place."""
        content = deepcopy(self.sound)
        around = content
        for step in place[:-1]:
            around = around[step]
        if value is MISSING:
            del around[place[-1]]
        else:
            around[place[-1]] = value
        (self.folder / "bad" / "report.json").write_text(json.dumps(content), encoding="utf-8")

    def run(self, command: str) -> BenchError | None:
        """Run a command on the edited report: its error, which must be one line."""
        folders = {name: self.folder / name for name in ("good", "bad", "out")}
        shutil.rmtree(
            folders["out"]
        )  # what one command has written, another would take into account
        folders["out"].mkdir()
        arguments = [part.format(**folders) for part in COMMANDS[command]]
        found = CliRunner().invoke(app, arguments)
        error = found.exception
        if error is None or isinstance(error, SystemExit):
            assert found.exit_code in (0, 3), found.output
            return None
        if not isinstance(error, BenchError):
            raise error
        assert "\n" not in str(error)
        return error


def variant(name: str, traces: Path, energy: float) -> VariantRecord:
    """A variant with all that a record can have, measured in two power cycles."""
    scores = {1: 0.9, 2: 0.95, 3: 0.93 + energy}
    record = records.variant(name, energy=energy, macs=9000, scores=scores, fits=True)
    record = with_windows(record, traces, count=4)
    assert record.measurement is not None
    windows = tuple(
        window.model_copy(update={"power_cycle": 1 + number // 2, "energy": energy + number * 1e-6})
        for number, window in enumerate(record.measurement.windows)
    )
    return record.model_copy(
        update={
            "measurement": record.measurement.model_copy(update={"windows": windows}),
            "live": records.live(0.05),
            "saving": records.estimate(0.3, "1"),
            "reference": windows,
        }
    )


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder = tmp_path_factory.mktemp("desk")
    for name in ("good", "bad", "out"):
        (folder / name).mkdir()
    facts = {
        "started": "2026-06-01T12:00:00+00:00",
        "station_file": station_text(TWIN_FILE),
        "calibration": calibration_records(load_station(TWIN_FILE).calibration),
    }
    energies = {"C_1-L": 1e-3, "C_1-D": 7e-4}
    report = Report(
        run=records.FACTS.model_copy(update=facts),
        bases=(records.base("C_1", {1: 0.91, 2: 0.94, 3: 0.92}),),
        variants=tuple(variant(n, folder / "bad" / "traces", e) for n, e in energies.items()),
        claims=(ClaimRecord(claim="C_1 saves", verdict="agrees", published="a", found="b"),),
        self_check=(CheckRecord(name="clock", verdict="ok", figure=8e-6, limit=2e-4, unit="1"),),
    )
    report = report.model_copy(update={"gate": compare_reports(report, report, "main.json")})
    text = report.model_dump_json()
    (folder / "good" / "report.json").write_text(text, encoding="utf-8")
    sound = json.loads(text)
    fields: dict[str, list[Place]] = {}
    for place in places(sound):
        fields.setdefault(".".join(step for step in place if isinstance(step, str)), []).append(
            place
        )
    return Desk(folder, sound, fields)


def places(content: object, before: Place = ()) -> Iterator[Place]:
    """Where all values are, the records and lists among them."""
    inside: Any = ()
    if isinstance(content, dict):
        inside = content.items()
    elif isinstance(content, list):
        inside = enumerate(content)
    for step, value in inside:
        yield (*before, step)
        yield from places(value, (*before, step))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_sound_report_is_taken(desk: Desk, command: str) -> None:
    desk.edit(("schema_version",), 1)
    error = desk.run(command)
    assert (error is None) == (command != "reanalyse"), error  # which wants real traces


@settings(max_examples=60)
@given(st.data())
def test_an_edited_report_is_taken_or_refused_in_a_line(desk: Desk, data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(sorted(desk.fields)))
    place = data.draw(st.sampled_from(desk.fields[field]))
    desk.edit(place, data.draw(st.sampled_from([*NONSENSE, MISSING])))
    desk.run(data.draw(st.sampled_from(sorted(COMMANDS))))


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (
            ("variants", 0, "measurement", "energy", "value"), 0,
            "variants.0.measurement.energy: Value error, its value is 0 J, wanted above 0",
        ),
        (
            ("variants", 0, "measurement", "windows", 1, "energy"), -1e-6,
            "windows.1.energy: Input should be greater than 0 (seen: -1e-06): run the bench",
        ),
        (
            ("variants", 0, "measurement", "latency"), "Infinity",
            "measurement.latency: Input should be a finite number (seen: 'Infinity')",
        ),
        (("run", "dataset"), "../x", "run.dataset: String should match pattern"),
        (("run", "fold"), -1, "run.fold: Input should be greater than or equal to 0 (seen: -1)"),
        (
            ("bases", 0, "accuracy", 0, "accuracy"), 1.2,
            "accuracy: Input should be less than or equal to 1 (seen: 1.2)",
        ),
    ],
)  # fmt: skip
def test_a_figure_that_cannot_be_is_named(
    desk: Desk, command: str, place: Place, value: object, message: str
) -> None:
    desk.edit(place, value)
    error = desk.run(command)
    assert message in str(error)
    assert str(desk.folder / "bad" / "report.json") in str(error)


@pytest.mark.parametrize(
    ("place", "value", "command"),
    [
        (("variants", 0, "measurement", "arena"), 10**15, "limits --write"),
        (("variants", 0, "measurement", "windows", 0, "mean_current"), 1e-320, "report"),
    ],
)
def test_a_figure_at_its_bounds_is_taken(
    desk: Desk, place: Place, value: object, command: str
) -> None:
    desk.edit(place, value)
    assert desk.run(command) is None


@pytest.mark.parametrize("command", ["compare with it", "compare it", "limits", "limits --write"])
def test_a_subject_that_is_missing_is_named(desk: Desk, command: str) -> None:
    desk.edit(("variants", 1, "accuracy", 0, "per_subject", "2"), MISSING)
    assert "accuracies by subject: [2] in only one of two" in str(desk.run(command))


def test_an_accuracy_of_nothing_is_worse_than_one_of_something(desk: Desk) -> None:
    desk.edit(("variants", 0, "accuracy", 0, "per_subject"), {"1": 0.0, "2": 0.0, "3": 0.0})
    new, old = (load_report(desk.folder / name / "report.json") for name in ("bad", "good"))
    found = {c.quantity: c.change for c in compare_reports(new, old, "main.json").of("C_1-L")}
    assert found["accuracy"] == "worse"
