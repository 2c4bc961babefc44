"""What a person at a terminal sees while a test runs, in a run behind a pseudo-terminal."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
