"""The plugin's options, marks, outcomes and exit codes, on pytest runs inside this process."""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from bench.cli import app
from bench.report.files import load_report
from bench.run.judged import VerdictWarning
from bench.run.reanalysis import reanalyse
from bench.station.calibration_records import KINDS

pytest_plugins = ("pytester",)

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "tests" / "data" / "tiny-F.tflite"
GOLDEN = MODEL.with_suffix(".npz")
OWN = (f"--model={MODEL}", f"--golden={GOLDEN}")
STATION = f"--station={ROOT / 'stations' / 'twin.toml'}"
INI = """
[pytest]
markers =
    sim: on the twin
    hw: on a real station
filterwarnings = error
xfail_strict = true
junit_family = xunit1
"""
CASES = """
def test_variant(variant_case): pass
def test_accuracy(accuracy_case): pass
def test_mode(station_mode): pass
def test_plain(): pass
"""
NO_HEADER = "--no-header"
"""Without it, the run would look for its data set."""


@pytest.fixture
def run(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project whose conftest loads the plugin, as this one's does."""
    pytester.makeini(INI)
    pytester.makeconftest('pytest_plugins = ["bench.plugin"]')
    pytester.makepyfile(test_cases=CASES)
    return pytester


def collected(run: pytest.Pytester, *arguments: str) -> list[str]:
    """Names of the tests that would be run."""
    recorder = run.inline_run(NO_HEADER, "--collect-only", "-q", *arguments)
    items = [call.item.name for call in recorder.getcalls("pytest_itemcollected")]
    gone = {item.name for call in recorder.getcalls("pytest_deselected") for item in call.items}
    return [name for name in items if name not in gone]


def test_every_variant_in_the_simulated_lab_by_default(run: pytest.Pytester) -> None:
    names = collected(run)
    assert "test_variant[sim-C_8-L]" in names
    assert "test_accuracy[sim-CL_3-base]" in names
    assert "test_variant[sim-CL_3-base]" not in names
    assert len(names) == 42 + 56 + 1 + 1
    assert not any("hw" in name for name in names)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["-m", "sim"], {"variant[sim-C_1-L]", "accuracy[sim-C_1-L]", "mode[sim]"}),
        (["-m", "hw", STATION], {"variant[hw-C_1-L]", "accuracy[hw-C_1-L]", "mode[hw]"}),
        (
            ["-m", "sim or hw", STATION],
            {f"{kind}[{mode}-C_1-L]" for kind in ("variant", "accuracy") for mode in ("sim", "hw")}
            | {"mode[sim]", "mode[hw]"},
        ),
        (["-m", "not sim and not hw"], {"plain"}),
        (["-m", "not hw"], {"variant[sim-C_1-L]", "accuracy[sim-C_1-L]", "mode[sim]", "plain"}),
    ],
)
def test_marks_choose_the_mode(
    run: pytest.Pytester, arguments: list[str], expected: set[str]
) -> None:
    names = collected(run, "--networks=C_1", "--techniques=L", *arguments)
    # What has no case is collected once, to be skipped.
    found = {name.removeprefix("test_") for name in names if "NOTSET" not in name}
    assert found == expected


def test_a_users_own_model_takes_the_place_of_the_networks(run: pytest.Pytester) -> None:
    names = [name for name in collected(run, "-m", "sim", *OWN) if "NOTSET" not in name]
    assert names == ["test_variant[sim-tiny_F-own]", "test_mode[sim]"]


def refused(run: pytest.Pytester, *arguments: str) -> str:
    """The one line with which a run is refused as a usage error."""
    result = run.runpytest_inprocess(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert not any("INTERNALERROR" in line or "Traceback" in line for line in result.outlines)
    (line,) = [line for line in result.errlines if line]
    assert line.startswith("ERROR: ")
    return line.removeprefix("ERROR: ")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--networks=NOPE"], "--networks: 'NOPE' matches none of C_1, C_2"),
        (["--networks="], "--networks: '' names nothing"),
        (["--techniques=Q"], "--techniques: 'Q' is none of L, D, F, base"),
        (["--model-seed=-1"], "--model-seed: -1 is not in 0 to 4294967295"),
        (["--battery=0"], "--battery: 0 mAh; wanted a capacity above 0"),
        (["--battery=1e9"], "--battery: 1e+09 mAh; wanted a capacity above 0, at most 1e+06"),
        (["--battery=nan"], "--battery: nan mAh; wanted a capacity above 0"),
        (["--power-cycles=0"], "--power-cycles: 0; wanted at least one, at most 1000"),
        (["--power-cycles=1001"], "--power-cycles: 1001; wanted at least one, at most 1000"),
        (["--reference=C_1"], "--reference: 'C_1' is no variant: give one such as C_1-L"),
        (["--baseline=absent.json"], "absent.json: cannot be read"),
        (["--baseline=."], "report.json: cannot be read"),
        (["--gate", "strict"], "go with --baseline: name a report"),
        (["--history=."], "go with --baseline: name a report"),
        ([OWN[0]], "--model and --golden go together: give both files"),
        ([OWN[1]], "--model and --golden go together: give both files"),
        ([OWN[0], f"--golden={MODEL}"], f"--golden {MODEL}: "),
        ([f"--model={GOLDEN}", OWN[1]], f"--model {GOLDEN}: not a .tflite file"),
        (["--networks-file=absent.toml"], "absent.toml"),
        (["-m", "sim", "--dataset=/absent/data.zip"], "/absent/data.zip"),
        (["-m", "hw", *OWN], "-m hw needs --station=FILE (see stations/)"),
        (["-m", "hw", *OWN, "-n", "1"], "-m hw needs --station=FILE (see stations/)"),
        (["-m", "hw", *OWN, "-n", "2", STATION], "-m hw with 2 workers and one station"),
        (["-m", "hw", *OWN, "--station=absent.toml"], "absent.toml: cannot be read"),
        (["-m", "hw", *OWN, "--station=tox.ini"], "tox.ini: is no TOML file"),
        (["-m", "sim and", *OWN], "Wrong expression passed to '-m': sim and"),
        (["--report=tox.ini", "-m", "sim"], "cannot be written"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(
    run: pytest.Pytester, arguments: list[str], why: str
) -> None:
    assert why in refused(run, *arguments)


def test_limits_on_what_is_no_variant_are_refused(run: pytest.Pytester) -> None:
    shipped = (ROOT / "limits" / "uci-har.toml").read_text(encoding="utf-8")
    path = run.path / "limits.toml"
    path.write_text(shipped.replace('"C_8-F"', '"C_88-F"'), encoding="utf-8")
    told = refused(run, "-m", "sim", *OWN, f"--limits={path}")
    assert f"limits file {path}: 'C_88-F' names no variant: there are base, L, D, F of C_1" in told
    network = '[[network]]\nname = "C_88"\nfilters = 8\nkernel = 5\ndense = 64\n'
    (run.path / "mine.toml").write_text(network, encoding="utf-8")
    own = (*OWN, "--networks-file=mine.toml", f"--limits={path}")
    assert run.runpytest_inprocess("--collect-only", "-m", "sim", *own).ret == pytest.ExitCode.OK


QUIET_CASE = """
def test_accuracy(accuracy_case, campaigns): campaigns(accuracy_case.mode)
"""


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--dataset=/absent/data.zip"], "/absent/data.zip: No such file"),
        (["--dataset=/absent/data.zip", "-n", "2"], "/absent/data.zip: No such file"),
        (["--dataset=surrogate", "--fold=7"], "fold 7: there is no such fold"),
    ],
)
def test_without_a_header_bad_data_are_one_usage_error_too(
    run: pytest.Pytester, arguments: list[str], why: str
) -> None:
    run.makepyfile(test_cases=QUIET_CASE)
    result = run.runpytest_inprocess("-q", "-m", "sim", *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    said = [line for line in (*result.outlines, *result.errlines) if why in line]
    assert len(said) == 1
    assert "Error" not in result.stdout.str()


def test_without_cases_neither_header_nor_data(run: pytest.Pytester) -> None:
    result = run.runpytest_inprocess("-m", "not sim and not hw", "--dataset=/absent/data.zip")
    result.assert_outcomes(passed=1, skipped=3)
    assert result.ret == 0
    assert "station" not in result.stdout.str()


@pytest.mark.parametrize(("marks", "are_read"), [("sim", False), ("not sim", True), ("", True)])
def test_the_projects_own_tests_are_not_even_read_where_only_variants_are_wanted(
    run: pytest.Pytester, marks: str, are_read: bool
) -> None:
    tests = run.mkdir("tests")
    (tests / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    (tests / "unit").mkdir()
    (tests / "unit" / "test_own.py").write_text("raise RuntimeError('it was read')")
    result = run.runpytest_inprocess(NO_HEADER, "-m", marks, "--collect-only", "tests")
    assert ("it was read" in result.stdout.str()) == are_read


def test_the_options_are_in_the_help(run: pytest.Pytester) -> None:
    text = run.runpytest_inprocess("--help").stdout.str()
    for option in ("--station", "--networks", "--techniques", "--model", "--golden", "--report"):
        assert option in text


# What a run answers, by its network: the campaign is replaced, so that no lab is needed.
OUTCOMES = """
import pytest
from bench.errors import DeviceError
from bench.run.station import StationBrokenError
from bench.run.judged import Judged
from bench.run.matrix import MissingError
from bench.verdict.rules import Judgement, Outcome, Rule
from tests.unit import records

pytest_plugins = ["bench.plugin"]


def judged(case, outcome):
    return Judged(case.name, (Judgement(
        "energy", "J", 1e-3, 1e-4, "max", 1e-3, Rule.GUARD_BAND, outcome, 0.0, "a test"),))


class Campaign:
    def fitted(self, case):
        if case.network == "C_5":
            raise DeviceError("the device is silent")
        if case.network == "C_6":
            raise StationBrokenError("the station is broken: no supply")
        record = records.variant(
            case.name, energy=1e-3, fits=case.network not in ("C_2", "C_3"), fits_paper=True)
        found = {"expected_undeployable": (
            "its arena is too large" if case.network in ("C_3", "C_4") else None)}
        if case.network == "C_4":
            found["why_no_live"] = "no sensor"
        elif case.network != "C_8":
            problems = ["3 samples lost"] if case.network == "C_7" else []
            found["live"] = records.live(0.02, *problems)
        return record.model_copy(update=found)

    def energy(self, case):
        named = {
            "C_7": Outcome.CONDITIONAL_PASS,
            "C_8": Outcome.FAIL,
            "CL_1": Outcome.CONDITIONAL_FAIL,
        }
        return judged(case, named.get(case.network, Outcome.PASS))

    def accuracy(self, case):
        return judged(case, Outcome.CONDITIONAL_FAIL)


@pytest.fixture(scope="session")
def campaigns():
    return lambda mode: Campaign()
"""


def fates(recorder: pytest.HookRecorder) -> dict[str, str]:
    """Of each test: passed, failed, skipped or error."""
    found: dict[str, str] = {}
    for report in recorder.getreports("pytest_runtest_logreport"):
        assert isinstance(report, pytest.TestReport)
        name = report.nodeid.rpartition("::")[2]
        if report.when == "call" or not report.passed:
            found[name] = "error" if report.failed and report.when != "call" else report.outcome
    return found


def test_each_outcome_has_its_fate(run: pytest.Pytester) -> None:
    run.makeconftest(OUTCOMES)
    files = ("test_fits.py", "test_energy.py", "test_accuracy.py", "test_live.py")
    for name in files:
        shutil.copy(ROOT / "tests" / "characterisation" / name, run.path)
    recorder = run.inline_run(
        NO_HEADER, "-m", "sim", "--networks=C_*,CL_1", "--techniques=L", *files
    )
    expected: Mapping[str, tuple[str, str, str]] = {
        "C_1": ("passed", "passed", "passed"),
        "C_2": ("failed", "skipped", "skipped"),  # does not fit
        "C_3": ("passed", "skipped", "skipped"),  # is not expected to
        "C_4": ("failed", "passed", "error"),  # is not expected to, and does, without a sensor
        "C_5": ("error", "error", "error"),
        "C_6": ("skipped", "skipped", "skipped"),
        "C_7": ("passed", "passed", "failed"),  # within the guard band; samples lost
        "C_8": ("passed", "failed", "skipped"),  # no stream
        "CL_1": ("passed", "failed", "passed"),  # within the guard band, on the other side
    }
    found = fates(recorder)
    for network, fate in expected.items():
        seen = tuple(found[f"test_{kind}[sim-{network}-L]"] for kind in ("fits", "energy", "live"))
        assert seen == fate, network
        assert found[f"test_accuracy[sim-{network}-L]"] == "failed"
    warned = [call.warning_message for call in recorder.getcalls("pytest_warning_recorded")]
    assert [warning.category for warning in warned] == [VerdictWarning]
    assert "C_7-L: energy" in str(warned[0].message)
    said = {
        report.nodeid.rpartition("::")[2]: (dict(report.user_properties), str(report.longrepr))
        for report in recorder.getreports("pytest_runtest_logreport")
        if isinstance(report, pytest.TestReport) and (report.when == "call" or not report.passed)
    }
    assert "conditional pass by guard band" in str(said["test_energy[sim-C_7-L]"][0]["energy"])
    assert "conditional fail by guard band" in said["test_energy[sim-CL_1-L]"][1]
    assert "fail by guard band" in said["test_energy[sim-C_8-L]"][1]
    assert "C_2-L is not deployable: arena" in said["test_energy[sim-C_2-L]"][1]
    assert "C_3-L is not deployable: arena" in said["test_energy[sim-C_3-L]"][1]
    assert "remove the expectation" in said["test_fits[sim-C_4-L]"][1]
    assert "the device is silent" in said["test_energy[sim-C_5-L]"][1]
    assert "the station is broken: no supply" in said["test_energy[sim-C_6-L]"][1]


CLAIMS = """
import pytest
from bench.run.matrix import Finding, MissingError

def agrees(matrix):
    return Finding("it holds", "agrees", "yes", "yes")

def missing(matrix):
    raise MissingError("C_1-L has no energy in this run")

def contradicts(matrix):
    return Finding("it does not", "contradicts", "yes", "no")

@pytest.mark.xfail(reason="predicted: it cannot", strict=True)
def test_contradicts(claim):
    assert claim(contradicts).verdict == "agrees"

def test_agrees(claim, campaigns, station_mode):
    assert claim(agrees).verdict == "agrees"
    assert (campaigns(station_mode).folder.path / "records" / "claim-it_holds.json").exists()

def test_missing(claim):
    claim(missing)
"""


def test_a_claim_is_kept_and_one_about_nothing_is_skipped(run: pytest.Pytester) -> None:
    run.makepyfile(test_claims=CLAIMS)
    recorder = run.inline_run(NO_HEADER, "-m", "sim", *OWN, "--report=out", "test_claims.py")
    assert fates(recorder) == {
        "test_contradicts[sim]": "skipped",  # an expected failure
        "test_agrees[sim]": "passed",
        "test_missing[sim]": "skipped",
    }
    reports = recorder.getreports("pytest_runtest_logreport")
    told = [report.longrepr[2] for report in reports if isinstance(report.longrepr, tuple)]
    assert told == ["Skipped: about variants that were not selected"]  # but a model of one's own
    kept = load_report(run.path / "out" / "report.json").claims
    assert [claim.explanation for claim in kept] == ["predicted: it cannot", ""]


def test_a_run_on_github_writes_its_step_summary(
    run: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(run.path / "summary.md"))
    run.makepyfile(test_claims=CLAIMS)
    run.inline_run(NO_HEADER, "-m", "sim", *OWN, "test_claims.py")
    assert "The paper's claims: 1 agrees, 1 contradicts." in (run.path / "summary.md").read_text()


DAMAGE = """
def test_damage(campaigns, station_mode):
    folder = campaigns(station_mode).folder.path / "records"
    folder.mkdir()
    (folder / "variant-C_1-L.json").write_text("{")
"""


def test_a_report_that_cannot_be_put_together_is_one_message(run: pytest.Pytester) -> None:
    run.makepyfile(test_damage=DAMAGE)
    result = run.runpytest_inprocess("-m", "sim", *OWN, "--report=out", "test_damage.py")
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    result.stderr.fnmatch_lines(["Exit: *variant-C_1-L.json: *run the bench again"])
    assert "Traceback" not in result.stdout.str() + result.stderr.str()


def test_an_own_model_runs_through_the_lab_into_a_report(run: pytest.Pytester) -> None:
    for name in ("test_fits.py", "test_energy.py"):
        shutil.copy(ROOT / "tests" / "characterisation" / name, run.path)
    result = run.runpytest_inprocess(
        "-m", "sim", *OWN, "--report=out", "test_fits.py", "test_energy.py"
    )
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        [
            "UNCALIBRATED: shunt: not verified; card: *",
            "*variant*verdict*",
            "tiny_F-own*runs*ms*uJ*",
        ]
    )
    report = load_report(run.path / "out" / "report.json")
    assert [record.kind for record in report.run.calibration] == list(KINDS)
    assert {check.verdict for check in report.self_check} == {"ok"}
    (record,) = report.variants
    assert record.measurement is not None
    assert record.measurement.supply_score is not None
    assert 0.0 < abs(record.measurement.supply_score) <= 1.0
    assert [w.power_cycle for w in record.measurement.windows] == [1] * 5 + [2] * 5 + [3] * 5
    names = [window.trace for window in record.measurement.windows]
    names += [idle.trace for idle in record.measurement.idle]
    for name in names:
        assert (run.path / "out" / "traces" / name).is_file()
    again = reanalyse(run.path / "out" / "report.json").computed
    assert again.variants == report.variants
    assert "tiny_F-own" in (run.path / "out" / "report.html").read_text("utf-8")
    assert (run.path / "out" / "records.csv").read_text("utf-8").count("tiny_F-own") == 1
    junit = ElementTree.parse(run.path / "out" / "junit.xml")
    properties = {
        case.attrib["name"]: {p.attrib["name"]: p.attrib["value"] for p in case.iter("property")}
        for case in junit.iter("testcase")
    }
    energy = properties["test_energy[sim-tiny_F-own]"]
    assert float(energy["energy / J"]) == record.measurement.energy.value
    assert energy["energy, budget"].startswith("shunt resistance ")
    assert energy["energy, budget"].count(" J (") == len(record.measurement.energy.budget)
    stated = record.measurement.energy
    assert float(energy["energy, expanded uncertainty / J"]) == stated.expanded > 0.0
    assert float(energy["energy, coverage factor"]) == stated.coverage_factor
    assert float(energy["energy, degrees of freedom"]) == stated.dof
    assert energy["calibrated"].startswith("no: shunt: not verified; card: not verified")
    fits = properties["test_fits[sim-tiny_F-own]"]
    assert float(fits["step arena"]) == record.measurement.arena
    assert fits["step operators"] == "kept"


def hungry(report: Path, name: str, factor: float) -> Path:
    """A copy of a report whose energies were all `factor` times as high."""
    found = load_report(report)
    (record,) = found.variants
    assert record.measurement is not None
    windows = tuple(
        window.model_copy(update={"energy": factor * window.energy})
        for window in record.measurement.windows
    )
    measurement = record.measurement.model_copy(update={"windows": windows})
    changed = record.model_copy(update={"measurement": measurement})
    path = report.with_name(name)
    path.write_text(found.model_copy(update={"variants": (changed,)}).model_dump_json())
    return path


def test_a_run_is_compared_with_its_baseline(run: pytest.Pytester) -> None:
    for name in ("test_energy.py", "test_gate.py"):
        shutil.copy(ROOT / "tests" / "characterisation" / name, run.path)
    tests = ("-m", "sim", *OWN, "test_energy.py", "test_gate.py")
    gate = "test_gate[sim-tiny_F-own]"
    assert fates(run.inline_run(*tests, "--report=first"))[gate] == "skipped"
    first = run.path / "first" / "report.json"
    outcomes = {
        "same": (first, "passed"),
        "worse": (hungry(first, "thriftier.json", 0.95), "failed"),
        "better": (hungry(first, "hungrier.json", 1.05), "passed"),
    }
    for change, (baseline, fate) in outcomes.items():
        found = fates(run.inline_run(*tests, f"--report={change}", f"--baseline={baseline}"))
        assert found[gate] == fate, change
        kept = load_report(run.path / change / "report.json").gate
        assert kept is not None
        assert [c.change for c in kept.comparisons if c.quantity == "energy"] == [change]


def test_the_example_workflow_uses_options_that_there_are(run: pytest.Pytester) -> None:
    workflow = (ROOT / "docs" / "examples" / "github-workflow.yml").read_text("utf-8")
    known = run.runpytest_inprocess("--help").stdout.str()
    told = CliRunner().invoke(app, ["report", "--help"], env={"COLUMNS": "200"}).output
    known += re.sub(r"\x1b\[[\d;]*m", "", told)
    used = re.findall(r"--[a-z][\w-]+", workflow)
    assert {"--station", "--report", "--history"} <= set(used)
    assert [option for option in used if option not in known] == []
