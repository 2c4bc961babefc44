"""The paper's layout of the device: its options, with a program in the place of ESP-IDF's."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from bench.report.files import load_report
from bench.report.record import Report
from tests import idf

pytest_plugins = ("pytester",)

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "tests" / "data" / "tiny-F.tflite"
OWN = (f"--model={MODEL}", f"--golden={MODEL.with_suffix('.npz')}")
STATION = f"--station={ROOT / 'stations' / 'twin.toml'}"
INI = """
[pytest]
markers =
    sim: on the twin
    hw: on a real station
filterwarnings = error
junit_family = xunit1
"""


@pytest.fixture
def run(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeini(INI)
    pytester.makeconftest('pytest_plugins = ["bench.plugin"]')
    for name in ("test_fits.py", "test_energy.py"):
        shutil.copy(ROOT / "tests" / "characterisation" / name, pytester.path)
    return pytester


@pytest.fixture
def with_idf(run: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform == "win32":
        pytest.skip("a script is no program there")
    idf.install(run.path / "bin")
    monkeypatch.setenv("PATH", f"{run.path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("HAR_CACHE", str(run.path / "cache"))


def reported(run: pytest.Pytester, *arguments: str) -> Report:
    """Of a run in which the variant fits and has no energy."""
    result = run.runpytest_inprocess(*arguments, *OWN, "--report=out")
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["the device's layout: paper (*)", "tiny_F-own*fits*"])
    return load_report(run.path / "out" / "report.json")


def flash_note(report: Report) -> str:
    (record,) = report.variants
    (note,) = [step.note for step in record.steps if step.name == "flash"]
    assert record.measurement is None
    assert record.attempts == ()
    return note


def test_without_a_build_the_size_is_inferred(run: pytest.Pytester) -> None:
    report = reported(run, "-m", "sim", "--profile=paper")
    assert report.run.profile == "paper (inferred)"
    assert flash_note(report).endswith("inferred from Table 3")


def test_on_hardware_without_a_build_nothing_is_put_on_a_device(run: pytest.Pytester) -> None:
    report = reported(run, "-m", "hw", STATION, "--profile=paper", "-rs")
    assert report.run.profile == "paper (inferred)"


def test_a_build_tells_its_own_size(run: pytest.Pytester, with_idf: None) -> None:
    report = reported(run, "-m", "sim", "--profile=paper", "--build")
    assert report.run.profile == "paper (built)"
    assert flash_note(report).endswith("built")
    (record,) = report.variants
    assert record.steps == record.paper_steps


def test_a_build_that_fails_is_an_error_of_the_test_that_asked(
    run: pytest.Pytester, with_idf: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDF_FAULT", "fails")
    result = run.runpytest_inprocess("-m", "sim", "--profile=paper", "--build", *OWN)
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*idf.py ended with exit code 1*", "*ninja: build stopped*"])


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--build"], "--build goes with --profile paper"),
        (["--build", "--profile=paper"], "no idf.py on the PATH: install ESP-IDF 5.2.3 or newer"),
    ],
)
def test_a_build_that_cannot_be_is_one_usage_error(
    run: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, arguments: list[str], why: str
) -> None:
    monkeypatch.setenv("PATH", str(run.path))
    result = run.runpytest_inprocess("-m", "sim", *arguments, *OWN)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in result.errlines if line]
    assert why in line
