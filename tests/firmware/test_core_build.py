"""How this machine builds the core: once, for two processes too, and with one clear error."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bench.twin.core import build, interface
from bench.twin.core.build import LIBRARY, VARIABLE, built
from bench.twin.core.toolchain import ToolchainError, find_toolchain

CLANG = ("clang++", "clang++-22")
BUILD = (
    "import sys; from pathlib import Path; from bench.twin.core.build import built; "
    "from bench.twin.core.toolchain import find_toolchain; "
    "print(built(find_toolchain(), Path(sys.argv[1])))"
)


def test_two_processes_build_one_library_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", BUILD, str(tmp_path)]
    environment = {key: value for key, value in os.environ.items() if key != "LD_PRELOAD"}
    started = [
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        for _ in range(2)
    ]
    (one, said), (other, also_said) = (process.communicate() for process in started)
    assert one == other
    assert Path(one.strip()).name == LIBRARY
    assert (said + also_said).count("building the firmware's core with") == 1
    before = Path(one.strip()).stat()
    assert built(find_toolchain(), tmp_path).stat().st_mtime_ns == before.st_mtime_ns


def test_other_sources_or_another_compiler_are_another_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compiled(_toolchain: object, folder: Path) -> None:
        (folder / LIBRARY).write_bytes(b"")

    source = tmp_path / "firmware" / "host" / "har_core.h"
    source.parent.mkdir(parents=True)
    source.write_text("1")
    monkeypatch.setattr(build, "build", compiled)
    monkeypatch.setattr(build, "FIRMWARE", tmp_path / "firmware")
    found = find_toolchain()
    first = built(found, tmp_path)
    assert built(replace(found, version="another"), tmp_path) != first
    assert built(found, tmp_path) == first
    source.write_text("2")
    assert built(found, tmp_path) != first


def test_a_library_that_was_cut_short_is_built_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compiled(_toolchain: object, folder: Path) -> None:
        (folder / LIBRARY).write_bytes(b"the whole library")

    monkeypatch.setattr(build, "build", compiled)
    path = built(find_toolchain(), tmp_path)
    path.write_bytes(b"the whole")
    assert built(find_toolchain(), tmp_path).read_bytes() == b"the whole library"


def test_a_cache_that_cannot_be_written_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(ToolchainError, match=f"cannot be kept there: .* HAR_CACHE .* {VARIABLE}"):
        built(find_toolchain(), tmp_path / "cache")


def test_a_named_file_that_is_no_library_is_one_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "core.so").write_text("<html>")
    monkeypatch.setattr(interface, "core_library", lambda: tmp_path / "core.so")
    with pytest.raises(ToolchainError, match=f"is no library .*: unset {VARIABLE}"):
        interface.library.__wrapped__()


def test_a_library_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "other.so"))
    assert build.core_library.__wrapped__() == tmp_path / "other.so"


def test_a_build_that_fails_says_what_the_compiler_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = tmp_path / "firmware" / "host"
    host.mkdir(parents=True)
    (host / "CMakeLists.txt").write_text('message(FATAL_ERROR "out of cheese")')
    monkeypatch.setattr(build, "FIRMWARE", tmp_path / "firmware")
    with pytest.raises(ToolchainError, match="does not build with") as raised:
        built(find_toolchain(), tmp_path / "cache")
    assert "out of cheese" in raised.value.__notes__[0]
    assert not list((tmp_path / "cache").rglob(LIBRARY))


def without_programs(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """A machine on which these programs cannot be found."""
    which = shutil.which

    def found(name: str, path: str | None = None) -> str | None:
        return None if name in names else which(name, path=path)

    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    monkeypatch.setattr("shutil.which", found)


@pytest.mark.parametrize(
    ("missing", "why"),
    [
        (("c++", "g++", "clang++"), r"no C\+\+ compiler .*: install g\+\+ .*pip install ziglang"),
        (("cmake",), "no CMake .*: pip install cmake"),
        (("ninja", "make"), "no Ninja .*: pip install ninja"),
    ],
)
def test_what_is_missing_is_named_in_one_line(
    missing: tuple[str, ...], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_programs(monkeypatch, *missing)
    with pytest.raises(ToolchainError, match=why) as raised:
        find_toolchain()
    assert "\n" not in str(raised.value)


def test_a_compiler_that_is_named_is_the_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler -m64")
    with pytest.raises(ToolchainError, match="tried no-such-compiler -m64"):
        find_toolchain()
    monkeypatch.setenv("CXX", 'g++ "')
    with pytest.raises(ToolchainError, match="wanted a compiler's command"):
        find_toolchain()


def test_the_host_s_sources_and_fuzz_drivers_give_clang_nothing_to_warn_of() -> None:
    compiler = next((found for name in CLANG if (found := shutil.which(name))), None)
    if compiler is None:
        pytest.skip(f"none of {', '.join(CLANG)} is installed")
    components = build.FIRMWARE / "components"
    done = subprocess.run(
        [
            *(compiler, "-std=c++17", "-fsyntax-only", "-fno-exceptions", "-fno-rtti"),
            *("-Wall", "-Wextra", "-Wconversion", "-Werror", f"-I{build.FIRMWARE / 'host'}"),
            *(f"-I{path}" for path in sorted(components.glob("*/include"))),
            *(str(path) for path in sorted((build.FIRMWARE / "host").rglob("*.cpp"))),
        ],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
