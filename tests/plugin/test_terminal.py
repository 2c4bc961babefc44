"""What a person at a terminal sees while a test runs, in a run behind a pseudo-terminal."""

import io
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench.run.terminal import Sender, StatusLine

pty = pytest.importorskip("pty", reason="a pseudo-terminal is POSIX's")

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "tests" / "data" / "tiny-F.tflite"
RUN = ("tests/characterisation/test_fits.py", "-m", "sim", f"--model={MODEL}")


def seen_by_a_person(*arguments: str) -> str:
    ours, theirs = pty.openpty()
    program = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    with subprocess.Popen(
        program, stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT, env={**os.environ}
    ) as run:
        os.close(theirs)
        seen = b""
        try:
            while some := os.read(ours, 65536):
                seen += some
        except OSError:  # how Linux tells that the other end is closed
            pass
        os.close(ours)
    assert run.returncode == 0, seen.decode()
    return seen.decode()


def test_flashing_and_each_window_are_told_and_leave_no_trace() -> None:
    seen = seen_by_a_person(*RUN, f"--golden={MODEL.with_suffix('.npz')}")
    assert "\x1b7\x1b[K flashing: 100.0%\x1b8" in seen
    assert "-1-5: " in seen
    last = seen.rindex("\x1b7\x1b[K")
    assert seen[last:].startswith("\x1b7\x1b[K\x1b8")


def test_workers_tell_their_news_too() -> None:
    seen = seen_by_a_person(*RUN, f"--golden={MODEL.with_suffix('.npz')}", "-n", "1")
    assert "\x1b7\x1b[K [gw0] flashing: 100.0%\x1b8" in seen
    assert re.search(r"\[gw0\] \S+-1-5: \d+\.\d+ uJ an inference", seen)
    last = seen.rindex("\x1b7\x1b[K")
    assert seen[last:].startswith("\x1b7\x1b[K\x1b8")


def test_news_of_two_workers_stand_side_by_side(
    pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    terminal = io.StringIO()
    line = StatusLine(terminal, pytestconfig)
    line.tell_of("gw1", "training C_1, fold 0: 3/40")
    line.tell_of("gw0", "flashing: 50.0%")
    assert terminal.getvalue().endswith(
        " [gw0] flashing: 50.0%  [gw1] training C_1, fold 0: 3/40\x1b8"
    )


def test_the_news_of_a_worker_that_has_ended_are_forgotten(pytestconfig: pytest.Config) -> None:
    terminal = io.StringIO()
    line = StatusLine(terminal, pytestconfig)
    line.tell_of("gw0", "flashing: 50.0%")
    line.pytest_testnodedown(SimpleNamespace(gateway=SimpleNamespace(id="gw0")))
    line.tell_of("gw2", "flashing: 10.0%")
    assert "gw0" not in terminal.getvalue().rpartition("\x1b7")[2]


def test_a_worker_tells_each_epoch_of_a_training() -> None:
    sent: list[str] = []
    with Sender(sent.append).training("C_1, fold 0") as epochs:
        epochs(1, 40, 0.5)
    assert sent == ["training C_1, fold 0", "training C_1, fold 0: 1/40"]


def test_a_worker_whose_news_nobody_hears_goes_on() -> None:
    def closed(_: str) -> None:
        raise OSError("the channel is closed")

    Sender(closed).say("flashing")
