"""A run that does not end as it should keeps what it has found out, and says what is wrong."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bench.report.files import load_report
from bench.run.folder_lock import lock_folder
from tests.plugin.test_plugin import INI, OWN, ROOT

pytest_plugins = ("pytester",)

STUCK = """
from bench.errors import SupplyError
from bench.run.station import RunStation

pytest_plugins = ["bench.plugin"]

def close(self):
    raise SupplyError("the output may still be on: no route to host; switch it off by hand")

RunStation.close = close
"""
LAST_WORD = "the output may still be on: no route to host; switch it off by hand"
TESTS = """
import pytest
def test_first(campaigns, station_mode): campaigns(station_mode)
def test_second(): {second}
def test_third(): pass
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project that is run by a process of its own."""
    pytester.makeini(INI)
    pytester.makeconftest('pytest_plugins = ["bench.plugin"]')
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return pytester


def why_early(folder: Path) -> str:
    return load_report(folder / "out" / "report.json").why_early


@pytest.mark.parametrize("workers", ["0", "1"])
def test_an_output_that_may_still_be_on_is_the_last_word(
    run: pytest.Pytester, workers: str
) -> None:
    run.makeconftest(STUCK)
    run.makepyfile(TESTS.format(second="pass"))
    result = run.runpytest_subprocess("-n", workers, *OWN, "--report=out")
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    result.stdout.fnmatch_lines(["UNCALIBRATED: *", "report: *", LAST_WORD, "*3 passed*"])
    assert why_early(run.path) == ""


@pytest.mark.parametrize("workers", ["0", "1"])
@pytest.mark.parametrize(
    ("conftest", "second"),
    [
        ("def pytest_runtest_logreport(report): assert 'test_second' not in report.nodeid", "pass"),
        ("", "open('out/run.json', 'w').close()"),
    ],
    ids=["an internal error", "a report that cannot be put together"],
)
def test_the_last_word_is_said_without_a_summary_too(
    run: pytest.Pytester, conftest: str, second: str, workers: str
) -> None:
    run.makeconftest(STUCK + conftest)
    run.makepyfile(TESTS.format(second=second))
    result = run.runpytest_subprocess("-n", workers, *OWN, "--report=out")
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    assert [line for line in result.errlines if LAST_WORD in line] == [LAST_WORD]


@pytest.mark.skipif(sys.platform == "win32", reason="signals to a group are POSIX's")
@pytest.mark.parametrize("workers", ["0", "1"])
def test_the_last_word_is_said_after_an_interruption(run: pytest.Pytester, workers: str) -> None:
    run.makeconftest(STUCK)
    os.mkfifo(run.path / "begun")
    wait = "open('begun', 'w').close(); import signal; signal.pause()"
    run.makepyfile(TESTS.format(second=wait))
    program = [sys.executable, "-m", "pytest", "-n", workers, *OWN, "--report=out"]
    with subprocess.Popen(
        program, cwd=run.path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        (run.path / "begun").read_text()
        os.killpg(process.pid, signal.SIGINT)
        said, _ = process.communicate()
    assert process.returncode == pytest.ExitCode.INTERNAL_ERROR
    assert [line for line in said.splitlines() if LAST_WORD in line] == [LAST_WORD]


@pytest.mark.parametrize(
    ("second", "arguments", "why"),
    [
        ("assert False", (), ""),
        ("assert False", ("-x",), "stopping after 1 failures"),
        ("assert False", ("-x", "-n", "1"), "stopping after 1 failures"),
        ("raise KeyboardInterrupt", (), "interrupted"),
    ],
)
def test_a_report_says_whether_its_run_ended_early(
    run: pytest.Pytester, second: str, arguments: tuple[str, ...], why: str
) -> None:
    run.makepyfile(TESTS.format(second=second))
    result = run.runpytest_subprocess(*arguments, *OWN, "--report=out")
    assert why_early(run.path) == why
    assert (f"ENDED EARLY ({why})" in result.stdout.str()) == bool(why)
    page = (run.path / "out" / "report.html").read_text("utf-8")
    assert ("Ended early" in page) == bool(why)


def test_a_report_says_that_a_test_ended_its_run(run: pytest.Pytester) -> None:
    run.makepyfile(TESTS.format(second="pytest.exit('mains lost', returncode=7)"))
    assert run.runpytest_subprocess(*OWN, "--report=out").ret == 7
    assert why_early(run.path) == "interrupted"


def test_the_folder_of_a_run_that_goes_on_is_left_alone(run: pytest.Pytester) -> None:
    run.makepyfile(TESTS.format(second="pass"))
    record = run.path / "out" / "run.json"
    record.parent.mkdir()
    record.write_text("the other run's")
    other = lock_folder(record.parent)
    result = run.runpytest_inprocess(*OWN, "--report=out")
    other.release()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in result.errlines if line]
    assert "out: another run is writing into this folder: wait for it to end, or" in line
    assert record.read_text() == "the other run's"
    assert run.runpytest_inprocess(*OWN, "--report=out").ret == pytest.ExitCode.OK
    assert why_early(run.path) == ""


@pytest.mark.parametrize("telling", ["--collect-only", "--help", "--fixtures", "--markers"])
def test_a_report_stays_where_pytest_only_tells_of_tests(
    run: pytest.Pytester, telling: str
) -> None:
    run.makepyfile(TESTS.format(second="pass"))
    files = [run.path / "out" / name for name in ("run.json", "report.json", "junit.xml")]
    files[0].parent.mkdir()
    for file in files:
        file.write_text("last night's")
    assert run.runpytest_inprocess(telling, *OWN, "--report=out").ret == pytest.ExitCode.OK
    assert {file.read_text() for file in files} == {"last night's"}
