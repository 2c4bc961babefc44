"""Tests that fill the disk leave nothing behind that others stumble over."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits of file size are POSIX's")
LIMIT = 4096
LARGE = f"WORDS = {[f'word {number}' for number in range(1000)]}\n"
"""A module whose compiled code is larger than that."""


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two modules, of an environment in which nothing has been compiled yet."""
    for name in ("large_one", "large_two"):
        (tmp_path / f"{name}.py").write_text(LARGE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    return tmp_path


def test_what_was_imported_on_a_full_disk_can_be_imported_again(modules: Path) -> None:
    from tests.full_disk import full_disk

    import_two = [sys.executable, "-c", "import large_two"]
    with full_disk(LIMIT):
        with pytest.raises(OSError, match="File too large"):
            (modules / "a file").write_bytes(bytes(LIMIT + 1))
        importlib.import_module("large_one")
        subprocess.run(import_two, cwd=modules, check=True)
    subprocess.run([sys.executable, "-c", "import large_one, large_two"], cwd=modules, check=True)
    (modules / "a file").write_bytes(bytes(LIMIT + 1))
