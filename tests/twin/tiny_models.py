"""The models of ``tests/data`` as subjects, and what it takes to measure them on a lab."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from bench.device.deployability import BENCH
from bench.device.images import MODEL_PARTITION_OFFSET, Standardisation
from bench.run.live import LiveTask
from bench.run.measure import Workbench
from bench.run.own import load_own
from bench.run.subject import Firmware, Settings, Subject
from bench.station.configuration import Station, load_station
from bench.twin.lab import Lab, firmware_parts
from bench.twin.url_handler import environment, register
from models.flatbuffer import read
from tests.served import SEED, STATIONS

DATA = Path(__file__).parents[1] / "data"


def subject(name: str) -> Subject:
    """The model of that name, such as ``tiny-L``."""
    return load_own(DATA / f"{name}.tflite", DATA / f"{name}.npz").subject()


def standardised(name: str, live: LiveTask) -> Subject:
    """The same, but given raw windows, as live operation wants it; they stay as they are."""
    plain = subject(name)
    tensor = read(plain.image.model).input
    windows = (np.frombuffer(content, tensor.dtype) for content in plain.inputs)
    image = replace(plain.image, standardisation=Standardisation((0.0,) * 6, (1.0,) * 6))
    inputs = tuple(tensor.to_real(window).astype(np.float32).tobytes() for window in windows)
    return replace(plain, image=image, inputs=inputs, live=live)


@dataclass(frozen=True)
class Stage:
    """A lab in this process, and the twin's station with its addresses."""

    lab: Lab
    station: Station

    @property
    def is_on(self) -> bool:
        with self.lab.world.lock:
            return self.lab.world.on


@contextmanager
def staged(*faults: str) -> Iterator[Stage]:
    """A lab with faults, for as long as the context lasts."""
    station = load_station(STATIONS / "twin.toml")
    with Lab(station, SEED, faults=faults) as lab:
        yield Stage(lab, station.with_addresses(**asdict(lab.addresses)))


def workbench(station: Station, traces: Path, *, attempts: int = 1, windows: int = 1) -> Workbench:
    """A bench that flashes the twin's firmware before the model."""
    register()
    settings = Settings(
        profile=BENCH,
        model_offset=MODEL_PARTITION_OFFSET,
        traces=traces,
        windows=windows,
        attempts=attempts,
    )
    return Workbench(station, settings, Firmware(firmware_parts()), environment({}))
