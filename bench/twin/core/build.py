"""The firmware's core as a shared library: built once for these sources and this compiler."""

import functools
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from filelock import FileLock

from bench.twin.core.toolchain import Toolchain, ToolchainError, find_toolchain
from models.paths import cache_root

FIRMWARE = Path(__file__).parents[3] / "firmware"
LIBRARY = "libhar_core.so"
VARIABLE = "HAR_CORE_LIBRARY"
"""Names a library to load instead, such as one that was built with sanitizers."""
_FOLDERS = ("components/core", "components/drivers", "components/hybrid_dense", "host")
_SUFFIXES = frozenset({".cpp", ".hpp", ".h", ".txt"})


@functools.cache
def core_library() -> Path:
    """Path of the library; built when this machine has not built these sources before.

    Raises:
        ToolchainError: There is no compiler, or it does not build; the message says what to do.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    return built(find_toolchain(), cache_root() / "core")


def built(toolchain: Toolchain, cache: Path) -> Path:
    """The library, from `cache` or built into it; several processes may ask at once.

    Args:
        toolchain: What to build with.
        cache: A folder for libraries; it need not exist.

    Raises:
        ToolchainError: It does not build, and what the compiler says is a note of the error; or
            the cache cannot be written.
    """
    path = cache / _key(toolchain) / LIBRARY
    if _is_sound(path):
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.parent / "lock"):
            if not _is_sound(path):
                sys.stderr.write(f"building the firmware's core with {toolchain.version}, once\n")
                sys.stderr.flush()
                with tempfile.TemporaryDirectory(dir=path.parent) as folder:
                    build(toolchain, Path(folder))
                    digest = _sha256(Path(folder) / LIBRARY)
                    os.replace(Path(folder) / LIBRARY, path)
                _digest_of(path).write_text(digest)
    except OSError as error:
        raise ToolchainError(
            f"{path.parent}: the firmware's core cannot be kept there: {error.strerror}: free some "
            "space, let HAR_CACHE name a folder that this user may write to, or name in "
            f"{VARIABLE} a library that was built elsewhere"
        ) from error
    return path


def _is_sound(path: Path) -> bool:
    """Whether the library is what was built: a file that was cut short would end the process."""
    try:
        return _digest_of(path).read_text() == _sha256(path)
    except (OSError, UnicodeDecodeError):
        return False


def _digest_of(path: Path) -> Path:
    return path.with_suffix(".sha256")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def sources() -> Iterator[Path]:
    """The files that decide the library, in a fixed order."""
    for folder in _FOLDERS:
        files = (FIRMWARE / folder).rglob("*")
        yield from sorted(path for path in files if path.suffix in _SUFFIXES)


def _key(toolchain: Toolchain) -> str:
    digest = hashlib.sha256(repr((toolchain.compiler, toolchain.version)).encode())
    for path in sources():
        content = path.read_bytes()
        digest.update(f"{path.relative_to(FIRMWARE)} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:32]


def build(toolchain: Toolchain, folder: Path, options: Sequence[str] = ()) -> None:
    """Build all that the options of ``firmware/host`` ask for in `folder`, `LIBRARY` among it.

    Raises:
        ToolchainError: It does not build; what the compiler says is a note of the error.
    """
    configure = [
        *("-G", toolchain.generator, "-S", str(FIRMWARE / "host"), "-B", str(folder)),
        f"-DCMAKE_MAKE_PROGRAM={toolchain.make_program}",
        f"-DCMAKE_CXX_COMPILER={';'.join(toolchain.compiler)}",
        *options,
    ]
    for arguments in (configure, ["--build", str(folder)]):
        done = subprocess.run([toolchain.cmake, *arguments], capture_output=True, text=True)
        if done.returncode != 0:
            output = (done.stdout + done.stderr).strip()
            wrong = next((line for line in output.splitlines() if "error" in line.lower()), output)
            error = ToolchainError(
                f"the firmware's core does not build with {toolchain.version} ({wrong.strip()}): "
                "set CXX to another C++17 compiler"
            )
            error.add_note(output[-4000:])
            raise error
