"""The station of a run: a real one from its file, or a twin that is started for it."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.device.ports import find_port
from bench.errors import BenchError
from bench.run.subject import Firmware
from bench.station.configuration import Station, load_station

TWIN_FILE = Path(__file__).parents[2] / "stations" / "twin.toml"


@dataclass(frozen=True)
class Place:
    """A station with real addresses, and what its device needs beside the model.

    Attributes:
        station: Can be leased.
        firmware: What the bench flashes itself, or None where the user has flashed it.
        esptool_environment: Added to esptool's environment.
    """

    station: Station
    firmware: Firmware | None
    esptool_environment: Mapping[str, str]


class LabError(BenchError):
    """The simulated lab did not start."""


def real_place(path: Path) -> Place:
    """The station of the file at `path`; its device has been flashed with the bench's firmware.

    Raises:
        BenchError: The file is wrong, or no port is the one that it means.
    """
    station = load_station(path)
    if station.device.usb_serial is not None:
        station = station.with_port(find_port(station.device.usb_serial))
    return Place(station, None, {})


@contextmanager
def twin_place(
    seed: int, faults: Sequence[str] = (), sensor: Path | None = None
) -> Iterator[Place]:
    """Start a simulated lab, a process of its own, for as long as the context lasts.

    Args:
        seed: Serial number of all that is in it.
        faults: Names of what is wrong in it (`bench.twin.faults`).
        sensor: File that its device's sensor plays (docs/live.md); without one it lies still.

    The lab outlives a killed owner until its supply's output is off, so that the guardian finds it.
    """
    # What starts the twin may know it; nothing else does, and not on systems without a twin.
    from bench.twin.core.build import core_library
    from bench.twin.lab import firmware_parts
    from bench.twin.url_handler import environment, register

    core_library()  # built here, where what is missing for it can be said
    register()
    with _started(seed, faults, sensor) as addresses:
        station = load_station(TWIN_FILE).with_addresses(**addresses)
        yield Place(station, Firmware(firmware_parts()), environment({}))


@contextmanager
def _started(seed: int, faults: Sequence[str], sensor: Path | None) -> Iterator[dict[str, str]]:
    program = [sys.executable, "-m", "bench", "twin", "--while-stdin", "--seed", str(seed)]
    program += [argument for name in faults for argument in ("--fault", name)]
    if sensor is not None:
        program += ["--sensor", str(sensor)]
    with subprocess.Popen(
        program,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            if not line:
                raise LabError(
                    f"the simulated lab did not start (exit code {process.wait()}): "
                    "run `python -m bench twin` to see why"
                )
            yield json.loads(line)
        finally:
            process.stdin.close()
