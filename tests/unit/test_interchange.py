"""What other programs read: the table of records, the step summary, the JSON schema."""

import csv
import io
import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.cli import app
from bench.errors import ReportError
from bench.report.files import load_report
from bench.report.publish import STEP_SUMMARY, append_step_summary, publish
from bench.report.record import SCHEMA_VERSION, Report
from bench.report.schema import report_schema, shipped_schema
from bench.report.table import COLUMNS, table
from tests.unit import records

DOCUMENT = Path(__file__).parents[2] / "docs" / "records-csv.md"
RAN = records.variant("C_1-D", energy=7e-4, macs=9000, scores={1: 0.9, 2: 0.8}, fits=True)
REFUSED = records.variant("C_2-L", fits=False)
REPORT = Report(run=records.FACTS, variants=(RAN, REFUSED))


def rows(report: Report) -> list[dict[str, str]]:
    return [*csv.DictReader(io.StringIO(table(report)))]


def test_a_row_has_every_figure_with_all_its_digits() -> None:
    ran, refused = rows(REPORT)
    assert RAN.measurement is not None
    assert float(ran["energy_J"]) == RAN.measurement.energy.value
    assert float(ran["energy_expanded_J"]) == RAN.measurement.energy.expanded
    assert float(ran["accuracy"]) == RAN.accuracy[0].accuracy
    assert (ran["outcome"], ran["model_B"], ran["macs"]) == ("runs", "1000", "9000")
    assert (ran["station"], ran["dataset"], ran["fold"]) == ("twin", "uci-har", "0")
    assert (refused["outcome"], refused["refused_step"]) == ("does not fit", "arena")
    assert refused["energy_J"] == refused["accuracy"] == ""


def test_text_with_commas_quotes_and_line_ends_survives() -> None:
    error = 'no supply, "VISA" said:\nnothing'
    broken = RAN.model_copy(update={"error": error})
    assert rows(Report(run=records.FACTS, variants=(broken,)))[0]["error"] == error


def test_every_column_is_documented() -> None:
    documented = re.findall(r"^\| `(\w+)` \| (.+) \|$", DOCUMENT.read_text("utf-8"), re.MULTILINE)
    assert documented == [(column.name, column.meaning) for column in COLUMNS]


def test_a_report_is_published_beside_its_json(tmp_path: Path) -> None:
    publish(REPORT, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["records.csv", "report.html"]


def test_the_step_summary_is_appended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "summary.md"
    path.write_text("# Earlier\n")
    monkeypatch.setenv(STEP_SUMMARY, str(path))
    append_step_summary(REPORT)
    lines = path.read_text("utf-8").splitlines()
    assert lines[0] == "# Earlier"
    assert "## 1 of 2 variants fit, run right and keep their limits" in lines
    assert "> **UNCALIBRATED: the station's accuracy is not verified**" in lines
    (ran,) = [line for line in lines if "| C_1-D |" in line]
    assert ran == "| ✅ | C_1-D | runs | 0.8500 | 1,000 | 7.000 | 700.0 ± 7.0 |"
    (refused,) = [line for line in lines if "| C_2-L |" in line]
    assert refused.startswith("| ⛔ | C_2-L | does not fit: arena")


def test_a_cell_of_the_step_summary_cannot_break_its_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "summary.md"
    monkeypatch.setenv(STEP_SUMMARY, str(path))
    broken = RAN.model_copy(update={"error": "a | b\nc"})
    append_step_summary(Report(run=records.FACTS, variants=(broken,)))
    (row,) = [line for line in path.read_text("utf-8").splitlines() if "C_1-D" in line]
    assert "bench error: a \\| b c" in row


def test_outside_of_github_there_is_no_step_summary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(STEP_SUMMARY, raising=False)
    append_step_summary(REPORT)


def test_a_step_summary_that_cannot_be_written_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STEP_SUMMARY, str(tmp_path))
    with pytest.raises(ReportError, match=r"GITHUB_STEP_SUMMARY names cannot be written"):
        append_step_summary(REPORT)


def test_the_schema_in_the_package_is_that_of_the_record() -> None:
    assert shipped_schema() == report_schema(), (
        "write it again: python -m bench report --schema > bench/report/report.schema.json"
    )


def test_the_schema_knows_every_field_of_a_report() -> None:
    schema = json.loads(shipped_schema())
    assert set(json.loads(REPORT.model_dump_json())) == set(schema["properties"])
    assert schema["properties"]["schema_version"]["default"] == SCHEMA_VERSION


@pytest.mark.parametrize(
    ("version", "do"), [(SCHEMA_VERSION + 1, "update har-energy-bench"), (0, "run the bench again")]
)
def test_a_report_of_another_schema_version_is_named(tmp_path: Path, version: int, do: str) -> None:
    path = tmp_path / "report.json"
    content = json.loads(REPORT.model_dump_json()) | {"schema_version": version, "news": 1}
    path.write_text(json.dumps(content))
    with pytest.raises(ReportError, match=rf"schema_version {version}; .* reads 1: {do}"):
        load_report(path)


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["report", *map(str, arguments)])
    return result.exit_code, result.output


@pytest.mark.parametrize("named", ["", "report.json"])
def test_the_page_is_made_again_from_a_folder_or_its_report(tmp_path: Path, named: str) -> None:
    (tmp_path / "report.json").write_text(REPORT.model_dump_json())
    assert run(tmp_path / named) == (0, f"{tmp_path / 'report.html'}\n")
    assert "C_1-D" in (tmp_path / "report.html").read_text("utf-8")


def test_a_report_that_was_computed_again_has_a_page_of_its_own(tmp_path: Path) -> None:
    facts = records.FACTS.model_copy(update={"reanalysed": "a" * 64})
    again = tmp_path / "report-reanalysed.json"
    again.write_text(Report(run=facts, variants=(RAN,)).model_dump_json())
    assert run(again) == (0, f"{again.with_suffix('.html')}\n")
    assert f"From the report of SHA-256 {'a' * 64}" in again.with_suffix(".html").read_text("utf-8")


def test_the_page_goes_where_it_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(REPORT.model_dump_json())
    assert run(tmp_path, "-o", tmp_path / "mine.html")[0] == 0
    assert (tmp_path / "mine.html").exists()


def test_the_history_of_a_folder_is_one_page(tmp_path: Path) -> None:
    facts = records.FACTS.model_copy(update={"started": "2026-03-01T12:00:00+00:00"})
    (tmp_path / "a").mkdir()
    report = Report(run=facts, variants=(RAN,))
    (tmp_path / "a" / "report.json").write_text(report.model_dump_json())
    assert run("--history", tmp_path) == (0, f"{tmp_path / 'history.html'}\n")


def test_the_command_prints_the_schema() -> None:
    assert run("--schema") == (0, report_schema())


def test_the_schema_goes_where_it_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "schema.json"
    assert run("--schema", "-o", path) == (0, f"{path}\n")
    assert path.read_text("utf-8") == report_schema()


@pytest.mark.parametrize("arguments", [[], ["a", "--schema"], ["a", "--history", "b"]])
def test_one_thing_at_a_time(arguments: list[str]) -> None:
    code, output = run(*arguments)
    assert code == 2
    assert "give one of" in output
