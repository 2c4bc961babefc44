"""What is measured, how, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.device.deployability import Profile, Step, paper_profile
from bench.device.firmware_build import Build
from bench.device.images import ModelImage
from bench.measurement.analysis import Energies
from bench.measurement.capture import WindowPlan
from bench.measurement.energy import WindowEnergy
from bench.measurement.repeated import Series
from bench.measurement.uncertainty import Estimate
from bench.run.live import LiveTask, MeasuredLive


@dataclass(frozen=True)
class Subject:
    """What is put on the device.

    Attributes:
        image: The model with its name, technique and standardisation.
        inputs: What the console is given for each golden window.
        expected: (k, outputs) what must come out, in the output tensor's own type.
        build: The application that was built around the model; None where it is flashed into a
            partition of its own.
        label: In the names of trace files in place of the name, or empty.
        live: How it is to operate live, or None.
    """

    image: ModelImage
    inputs: tuple[bytes, ...]
    expected: NDArray[np.generic]
    build: Build | None = None
    label: str = ""
    live: LiveTask | None = None

    @property
    def name(self) -> str:
        """The variant's name."""
        return f"{self.image.name}-{self.image.technique}"

    @property
    def profile(self) -> Profile | None:
        """The layout that comes with the build, or None without one."""
        if self.build is None:
            return None
        return paper_profile(len(self.build.application) - len(self.image.model))


@dataclass(frozen=True)
class Firmware:
    """An application that the bench flashes itself: bytes by offset in flash."""

    parts: Mapping[int, bytes]


@dataclass(frozen=True)
class Settings:
    """How to measure.

    Attributes:
        profile: Layout of the device.
        model_offset: Offset of the model partition in flash.
        windows: In a power cycle.
        power_cycles: Of a variant.
        inferences: In a window, or None for the default.
        attempts: How often a variant may be started again after a bench error.
        traces: Folder for trace files.
    """

    profile: Profile
    model_offset: int
    traces: Path
    windows: int = 5
    power_cycles: int = 3
    inferences: int | None = None
    attempts: int = 2


@dataclass(frozen=True)
class MeasuredWindow:
    """A window with its energy, the device's own time in s, and its trace file."""

    power_cycle: int
    energy: WindowEnergy
    device_seconds: float
    trace: str
    sha256: str


@dataclass(frozen=True)
class MeasuredIdle:
    """A stretch of waiting, so many samples long, and its trace file."""

    energy: WindowEnergy
    samples: int
    trace: str
    sha256: str


@dataclass(frozen=True)
class Measured:
    """What was measured; see `bench.report.record.MeasurementRecord`."""

    plan: WindowPlan
    energies: Energies
    latency: float
    supply_current: float
    supply_score: float
    arena: int
    clock_hz: int
    operators: tuple[tuple[str, float], ...]
    windows: tuple[MeasuredWindow, ...]
    idle: tuple[MeasuredIdle, ...]

    @property
    def inferences(self) -> int:
        """In each window."""
        return self.plan.inferences

    @property
    def energy(self) -> Estimate:
        """Gross, of one inference."""
        return self.energies.gross

    @property
    def series(self) -> Series:
        """What its energies are made of."""
        return series_of(self.plan, self.windows, self.idle)


def series_of(
    plan: WindowPlan, windows: Sequence[MeasuredWindow], idle: Sequence[MeasuredIdle]
) -> Series:
    """Windows and idle readings as one series."""
    return Series(
        [window.energy for window in windows],
        plan.inferences,
        [reading.energy for reading in idle],
        power_cycles=len({window.power_cycle for window in windows}),
    )


@dataclass
class Result:
    """What came of a subject: its steps of deployability and, if all were kept, a measurement.

    Of live operation there is a measurement, or why the device refused it, or neither.
    """

    steps: list[Step]
    measured: Measured | None = None
    live: MeasuredLive | str | None = None
    errors: list[str] = field(default_factory=list)

    @property
    def runs(self) -> bool:
        """Whether all steps so far are kept."""
        return all(step.kept for step in self.steps)


def golden_inputs(
    windows: NDArray[np.float32] | None, inputs: NDArray[np.generic]
) -> Sequence[bytes]:
    """What the console is given: raw windows, which the device standardises, or tensors."""
    values = inputs if windows is None else windows
    return [np.ascontiguousarray(value).tobytes() for value in values]
