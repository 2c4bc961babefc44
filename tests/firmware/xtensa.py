"""The firmware's portable code as machine code of the ESP32's instruction set, run in QEMU.

Built with LLVM's Xtensa back end for the ESP32's core (its FPU included) and run on QEMU's bare
machine with a core that has an FPU too. Two settings are QEMU's, not the chip's: no register
windows (the linker at hand knows none), no MULUH and MULSH (that core has none).
"""

import contextlib
import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

FIRMWARE = Path(__file__).parents[2] / "firmware"
XTENSA = FIRMWARE / "xtensa"
PROGRAMS = {
    "clang++-22": "clang-22",
    "llc-22": "llvm-22",
    "llvm-mc-22": "llvm-22",
    "xtensa-lx106-elf-as": "binutils-xtensa-lx106",
    "xtensa-lx106-elf-ld": "binutils-xtensa-lx106",
    "qemu-system-xtensa": "qemu-system-misc",
    "g++": "g++",
}
"""Debian's packages by the program that is run; GCC is asked where its C++ headers are."""
C_LIBRARY = Path("/usr/lib/xtensa-lx106-elf")
C_LIBRARY_PACKAGE = "picolibc-xtensa-lx106-elf"
KERNEL = tuple(
    FIRMWARE / "components/hybrid_dense/src" / name
    for name in ("hybrid_dense.cpp", "c_interface.cpp")
)
SENSOR = FIRMWARE / "components/drivers/src/mpu6050.cpp"
CORE = (*sorted((FIRMWARE / "components/core/src").glob("*.cpp")), SENSOR)
SAMPLING = (FIRMWARE / "components/core/src/window_buffer.cpp", SENSOR)
RUNTIME = tuple(XTENSA / name for name in ("host.cpp", "runtime.cpp", "soft_double.cpp"))
INCLUDES = (
    XTENSA,
    FIRMWARE / "components/hybrid_dense/include",
    FIRMWARE / "components/core/include",
    FIRMWARE / "components/drivers/include",
)
NANOSECONDS_PER_CYCLE = 25
"""Of QEMU's virtual clock; the core's cycle counter runs at 40 MHz of it."""
SHIFT = 7
"""With ``-icount``, an instruction takes 2 to this power nanoseconds of that clock."""


def missing() -> str | None:
    """Which packages would have to be installed, as a reason to skip; None where all are there."""
    packages = {package for program, package in PROGRAMS.items() if shutil.which(program) is None}
    if not (C_LIBRARY / "lib/libc.a").exists():
        packages.add(C_LIBRARY_PACKAGE)
    return f"not installed: {' '.join(sorted(packages))}" if packages else None


class EmulatorError(Exception):
    """The program in the emulator has ended."""


class Emulator:
    """A program in QEMU, spoken to by its standard input and output.

    Args:
        program: Its ELF file.
        counting: Whether its cycle counter counts instructions (`instructions`).
    """

    def __init__(self, program: Path, *, counting: bool = False) -> None:
        count = ["-icount", f"shift={SHIFT},align=off,sleep=off"] if counting else []
        self._process = subprocess.Popen(
            [
                *("qemu-system-xtensa", "-M", "sim", "-cpu", "de233_fpu", "-m", "16M"),
                *("-display", "none", "-serial", "none", "-monitor", "none", "-semihosting"),
                *count,
                *("-kernel", str(program)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(),
        )

    def send(self, data: bytes) -> None:
        """Bytes for its standard input; if it has ended, `receive` says so."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(data)
            self._process.stdin.flush()

    def receive(self, size: int) -> bytes:
        """That many bytes of its standard output.

        Raises:
            EmulatorError: It ended first; 64 and more are 64 plus the cause of an exception.
        """
        assert self._process.stdout is not None
        data = self._process.stdout.read(size)
        if len(data) < size:
            assert self._process.stderr is not None
            said = self._process.stderr.read().decode(errors="replace")
            raise EmulatorError(f"the program ended with {self._process.wait()} {said}".strip())
        return data

    def number(self) -> int:
        """A number of 32 bits of its standard output."""
        return int.from_bytes(self.receive(4), "little")

    def sized(self) -> bytes:
        """Bytes of its standard output with their number before them."""
        return self.receive(self.number())

    def close(self) -> int:
        """End its input; its exit code."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        code = self._process.wait()
        for stream in (self._process.stdout, self._process.stderr):
            assert stream is not None
            stream.close()
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()


def instructions(cycles: int) -> int:
    """Instructions from a difference of the cycle counter of a counting `Emulator`; exact."""
    return round(cycles * NANOSECONDS_PER_CYCLE / (1 << SHIFT))


@dataclass(frozen=True)
class Build:
    """Compiles and links for the ESP32's instruction set, with intermediate files in `folder`."""

    folder: Path

    def linked(self, program: Path, sources: Sequence[Path]) -> Path:
        """The ELF file of a source that has ``main`` and of sources of components."""
        start = self.folder / "start.o"
        _run("xtensa-lx106-elf-as", XTENSA / "start.S", "-o", start)
        every = (program, *RUNTIME, *sources)
        objects = [start, *(self._object(source) for source in every)]
        linked = self.folder / f"{program.stem}.elf"
        _run(
            *("xtensa-lx106-elf-ld", "--no-relax", "--no-warn-rwx-segments", "-z", "noexecstack"),
            *("-T", XTENSA / "memory.ld", *objects, C_LIBRARY / "lib/libc.a", "-o", linked),
        )
        return linked

    def assembly(self, source: Path) -> Path:
        """The assembly of a source, which LLVM cannot yet turn into an object itself."""
        ir = self.folder / f"{source.parent.name}-{source.stem}.ll"
        assembly = ir.with_suffix(".s")
        _run(
            *("clang++-22", "--target=xtensa", "-std=c++17", "-O2", "-ffp-contract=off"),
            *("-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics"),
            *("-Wall", "-Wextra", "-Wconversion", "-Werror", "-nostdinc++"),
            *(part for path in _system_headers() for part in ("-isystem", path)),
            *(f"-I{path}" for path in INCLUDES),
            *("-emit-llvm", "-S", source, "-o", ir),
        )
        _run(
            *("llc-22", "-mtriple=xtensa", "-mcpu=esp32", "-mattr=-windowed,-mul32high", "-O2"),
            *(ir, "-o", assembly),
        )
        return assembly

    def _object(self, source: Path) -> Path:
        assembly = self.assembly(source)
        target = assembly.with_suffix(".o")
        _run(
            *("llvm-mc-22", "-triple=xtensa", "-mcpu=esp32", "-filetype=obj"),
            *(assembly, "-o", target),
        )
        return target


@functools.cache
def built(name: str) -> Path:
    """A program of ``firmware/xtensa``, built once for a process."""
    sources = {"kernels": KERNEL, "core": CORE, "sampling": SAMPLING}[name]
    return Build(Path(_folder().name)).linked(XTENSA / f"{name}.cpp", sources)


@functools.cache
def _folder() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix="har-xtensa-")


@functools.cache
def _system_headers() -> tuple[Path, ...]:
    """Of the C++ standard library, this machine's own, and of a C library for Xtensa."""
    asked = _run("g++", "-E", "-v", "-x", "c++", "/dev/null")
    places = (Path(line.strip()) for line in asked.splitlines() if line.startswith(" /"))
    cxx = [place for place in places if "c++" in place.parts]
    return (*cxx, C_LIBRARY / "include")


def _environment() -> dict[str, str]:
    """Without the runtime of sanitizers, which is only for this process."""
    return {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}


def _run(*command: object) -> str:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, env=_environment()
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed: {done.stderr or done.stdout}")
    return done.stdout + done.stderr
