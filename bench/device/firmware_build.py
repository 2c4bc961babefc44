"""The paper's own way: a firmware build for each variant, its model a C array in the application.

ESP-IDF's ``idf.py`` runs as a program. All variants share one build folder: between two of them
only the model's array is compiled again and the application linked, which takes seconds where a
folder for each would take minutes.
"""

import json
import logging
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from bench.device.images import APP_OFFSET, ModelImage
from bench.errors import BenchError
from models.c_source import Identity, c_source, symbol_of

log = logging.getLogger(__name__)

PROJECT = Path(__file__).parents[2] / "firmware"
CONFIGURATIONS = ("sdkconfig.defaults", "sdkconfig.paper")
_STEP = re.compile(r"\[(\d+)/(\d+)\]")
_TOO_LARGE = "too small for binary"
"""ESP-IDF's ``check_sizes.py`` of a partition; the image is there when it complains."""
_LAST_LINES = 8


class BuildError(BenchError):
    """The firmware could not be built; says nothing about the variant."""


@dataclass(frozen=True)
class Build:
    """What a build made: the bytes to flash, by offset."""

    parts: Mapping[int, bytes]

    @property
    def application(self) -> bytes:
        """The application's image, the model inside."""
        return self.parts[APP_OFFSET]


@dataclass(frozen=True)
class Builder:
    """Builds the firmware around a model.

    Attributes:
        program: Path of ``idf.py``.
        folder: Build folder, kept between runs; processes take turns in it.
        project: The ESP-IDF project.
    """

    program: str
    folder: Path
    project: Path = PROJECT

    def build(self, image: ModelImage) -> Build:
        """Build the firmware with `image` as its model.

        Raises:
            BuildError: ``idf.py`` failed, showing its last lines, or left something else behind
                than an application with this model in it.
        """
        name = f"{image.name}-{image.technique}"
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder.with_suffix(".lock")):
            fits = self._run(name, self._write_source(name, image))
            build = Build(_flashed(self.folder, whole=fits))
        if image.model not in build.application:
            raise BuildError(
                f"{name}: the application that idf.py built in {self.folder} does not hold the "
                "model: remove that folder and run again"
            )
        log.info("%s: built, %d bytes", name, len(build.application))
        return build

    def _write_source(self, name: str, image: ModelImage) -> Path:
        symbol = symbol_of(name)
        scaling = image.standardisation
        mean, scale = ((), ()) if scaling is None else (scaling.mean, scaling.scale)
        source = c_source(image.model, symbol, Identity(image.name, image.technique, mean, scale))
        folder = self.folder.with_name("embedded")
        folder.mkdir(exist_ok=True)
        (folder / f"{symbol}.h").write_text(source.header, encoding="ascii")
        path = folder / f"{symbol}.cc"
        path.write_text(source.source, encoding="ascii")
        return path

    def _run(self, name: str, source: Path) -> bool:
        """Run idf.py; returns whether the application fits its partition.

        Where it does not, ESP-IDF calls the build failed; the bench's own step of deployability
        says so with the figures.
        """
        configured = self.folder / "sdkconfig"
        configured.unlink(missing_ok=True)  # it would hide changes of the files that it comes from
        definitions = {
            "SDKCONFIG": configured,
            "SDKCONFIG_DEFAULTS": ";".join(CONFIGURATIONS),
            "HAR_EMBEDDED_MODEL": source.as_posix(),
        }
        command = [self.program, "-C", str(self.project), "-B", str(self.folder)]
        command += [f"-D{key}={value}" for key, value in definitions.items()]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        lines: list[str] = []
        log.info("%s: building the firmware", name)
        try:
            with subprocess.Popen(
                [*command, "build"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                env=environment,
            ) as process:
                assert process.stdout is not None
                for line in process.stdout:
                    lines.append(line.rstrip())
                    if step := _STEP.match(line):
                        log.info("%s: building the firmware: %s of %s", name, *step.groups())
        except OSError as error:
            raise BuildError(f"{self.program}: {error}: {_INSTALL}") from error
        fits = not any(_TOO_LARGE in line for line in lines)
        if process.returncode != 0 and fits:
            said = "\n".join([line for line in lines if line][-_LAST_LINES:]) or "nothing"
            raise BuildError(
                f"{name}: idf.py ended with exit code {process.returncode}; build firmware/ by "
                f"hand to see all of it (firmware/README.md). It said:\n{said}"
            )
        return fits


_INSTALL = (
    "install ESP-IDF 5.2.3 or newer for esp32, source its export script and have idf.py on the "
    "PATH (docs.espressif.com, ESP-IDF: Get Started)"
)


def find_builder(folder: Path) -> Builder:
    """The builder of this machine, with its build folder below `folder`.

    Raises:
        BuildError: There is no ESP-IDF, or no project to build.
    """
    program = shutil.which("idf.py")
    if program is None:
        raise BuildError(f"no idf.py on the PATH: {_INSTALL}")
    if not (PROJECT / "CMakeLists.txt").is_file():
        raise BuildError(f"no firmware project at {PROJECT}: run the bench from a clone")
    return Builder(program, folder / "firmware" / "paper")


def _flashed(folder: Path, *, whole: bool) -> dict[int, bytes]:
    """Offset and bytes of what ``idf.py flash`` writes, or of the application alone."""
    path = folder / "flasher_args.json"
    try:
        named = json.loads(path.read_text(encoding="utf-8"))["flash_files"]
        files = {int(offset, 16): folder / file for offset, file in named.items()}
        wanted = files if whole else {APP_OFFSET: files[APP_OFFSET]}
        parts = {offset: file.read_bytes() for offset, file in wanted.items()}
        return {APP_OFFSET: parts.pop(APP_OFFSET), **parts}
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise BuildError(
            f"{path}: {type(error).__name__}: {error}: wanted offsets and files as ESP-IDF 5 "
            f"writes them, an application at {APP_OFFSET:#x}: remove {folder} and run again"
        ) from error
