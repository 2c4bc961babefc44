"""What this machine has to build C++ with."""

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError

_COMPILERS = ("c++", "g++", "clang++")


class ToolchainError(BenchError):
    """There is nothing to build the firmware's core with, or it does not build."""


@dataclass(frozen=True)
class Toolchain:
    """Programs that build.

    Attributes:
        compiler: Command of the C++ compiler.
        version: What it says of itself, in one line.
        cmake: CMake's path.
        generator: What CMake generates, such as ``Ninja``.
        make_program: Path of what runs that.
    """

    compiler: tuple[str, ...]
    version: str
    cmake: str
    generator: str
    make_program: str


def find_toolchain() -> Toolchain:
    """The compiler of ``CXX``, the machine's own, or one from the package index.

    Raises:
        ToolchainError: One of them is missing, saying what to install.
    """
    compiler, version = _compiler()
    cmake = _program("cmake")
    if cmake is None:
        raise ToolchainError("no CMake to build the firmware's core with: pip install cmake")
    for name, generator in (("ninja", "Ninja"), ("make", "Unix Makefiles")):
        if (path := _program(name)) is not None:
            return Toolchain(compiler, version, cmake, generator, path)
    raise ToolchainError("no Ninja to build the firmware's core with: pip install ninja")


def _compiler() -> tuple[tuple[str, ...], str]:
    named = os.environ.get("CXX")
    candidates: list[tuple[str, ...]] = [(name,) for name in _COMPILERS]
    if named:
        candidates = [_command(named)]
    elif importlib.util.find_spec("ziglang") is not None:
        candidates.append((sys.executable, "-m", "ziglang", "c++"))
    for command in candidates:
        path = shutil.which(command[0])
        if path is not None and (version := _version((path, *command[1:]))) is not None:
            return (path, *command[1:]), version
    tried = " ".join(candidates[0]) if named else ", ".join(_COMPILERS)
    raise ToolchainError(
        f"no C++ compiler to build the firmware's core with (tried {tried}): install g++ or "
        "clang, or the one of the package index: pip install ziglang"
    )


def _command(named: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(named))
    except ValueError as error:
        raise ToolchainError(
            f"CXX is {named!r}, wanted a compiler's command as in a shell: {error}"
        ) from error


def _version(command: tuple[str, ...]) -> str | None:
    asked = subprocess.run([*command, "--version"], capture_output=True, text=True)
    lines = asked.stdout.splitlines()
    return lines[0] if asked.returncode == 0 and lines else None


def _program(name: str) -> str | None:
    """On the path, or beside this interpreter, where the package index's programs are."""
    beside = Path(sys.executable).parent
    return shutil.which(name) or shutil.which(name, path=str(beside))
