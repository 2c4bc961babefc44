"""Live operation of a variant: measured on its station, set beside what was computed offline."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.device.console import DeviceConsole
from bench.device.deployability import check_outputs
from bench.device.live import LiveSession, run_live
from bench.instruments.digitizer import Digitizer
from bench.measurement.capture import capture_window
from bench.measurement.live import (
    SENSOR_RATE,
    LiveFigures,
    battery_life,
    figures_of_live,
    plan_live,
)
from bench.measurement.trace import save
from bench.report.convert import estimate_record
from bench.report.record import LiveRecord
from bench.station.configuration import Station
from models.flatbuffer import read
from models.manifest import Standardisation
from models.runtimes import run_litert
from models.stream import Stream
from models.tolerance import output_tolerance

log = logging.getLogger(__name__)

DAY = 86_400.0
RATE_TOLERANCE = 0.02
"""Share by which the sensor's rate may be off: twice what its better clock may be off."""


@dataclass(frozen=True)
class MeasuredLive:
    """What a station has measured of live operation.

    Attributes:
        session: What the device says of a session with outputs.
        figures: From the trace of another one, without.
        trace: File of the trace.
        sha256: Of that file.
    """

    session: LiveSession
    figures: LiveFigures
    trace: str
    sha256: str


@dataclass(frozen=True)
class LiveTask:
    """Live operation that is asked of a variant.

    Attributes:
        windows: To be classified.
        expected: What must come out, or None where nobody knows what the sensor measures.
    """

    windows: int
    expected: "Offline | None" = None


@dataclass(frozen=True)
class Offline:
    """What a device must find in a stream.

    Attributes:
        model: The ``.tflite`` file.
        outputs: (n, classes) of each window, in the output tensor's own type.
        samples: In the stream.
        gaps: Between its recordings.
    """

    model: bytes
    outputs: NDArray[np.generic]
    samples: int
    gaps: int


def measure_live(
    digitizer: Digitizer,
    station: Station,
    console: DeviceConsole,
    windows: int,
    file: Path,
) -> MeasuredLive:
    """Operate the device live, once measured and once with its outputs.

    Outputs are of different lengths, and the UART that sends them keeps the device awake: what is
    measured is a short session without them.

    Args:
        digitizer: Wired as `station` says.
        station: Its device runs a model and waits.
        console: Of that device.
        windows: How many it classifies when it says its outputs.
        file: Where the trace is kept.

    Raises:
        CommandRefusedError: The device has no live mode, or no sensor.
        BenchError: Anything that makes a measurement none.
    """
    plan, patience = plan_live(station), station.timeouts.console

    def operate() -> LiveSession:
        return run_live(console, plan.inferences + 1, patience, outputs=False)

    trace, _ = capture_window(digitizer, station, plan, operate, {"window": file.stem})
    sha256 = save(trace, file)
    session = run_live(console, windows, patience, outputs=True)
    figures = figures_of_live(trace, station)
    log.info("%s: %.4g mW on average", file.stem, figures.power.value * 1e3)
    return MeasuredLive(session, figures, file.name, sha256)


def offline(model: bytes, standardisation: Standardisation, stream: Stream) -> Offline:
    """What the evaluation's runtime makes of a stream's windows, as the sensor has rounded them."""
    windows = standardisation.apply(stream.windows).x
    return Offline(model, run_litert(model, windows), len(stream.samples), stream.breaks)


def live_record(live: MeasuredLive, expected: Offline | None, capacity: float) -> LiveRecord:
    """Live operation as a record.

    Args:
        live: As it was measured.
        expected: What must have come out, or None where nobody knows what the sensor measured.
        capacity: Of a battery, in C.
    """
    session = live.session
    seen = [window.outputs for window in session.windows]
    return LiveRecord(
        idle_state=session.idle,
        windows=len(seen),
        samples=session.samples,
        gaps=session.gaps,
        lost=session.lost,
        predictions=tuple(window.predicted for window in session.windows),
        battery_capacity=capacity,
        **_figures(live.figures, capacity),
        trace=live.trace,
        sha256=live.sha256,
        offline=() if expected is None else _predictions(expected),
        problems=tuple(_problems(live, seen, expected)),
    )


def with_figures(record: LiveRecord, figures: LiveFigures) -> LiveRecord:
    """The same session, with figures computed again from its trace."""
    return record.model_copy(update=_figures(figures, record.battery_capacity))


def _figures(figures: LiveFigures, capacity: float) -> dict[str, Any]:
    return {
        "rate": figures.rate,
        "duty": figures.duty,
        "power": estimate_record(figures.power),
        "current": estimate_record(figures.current),
        "battery_life": battery_life(capacity, figures.current.value),
    }


def _predictions(expected: Offline) -> tuple[int, ...]:
    real = read(expected.model).output.to_real(expected.outputs)
    return tuple(int(index) for index in real.reshape(len(expected.outputs), -1).argmax(axis=1))


def _problems(
    live: MeasuredLive, seen: Sequence[Sequence[float]], expected: Offline | None
) -> list[str]:
    """What is wrong, each in a sentence."""
    session, found = live.session, []
    if session.lost:
        found.append(f"{session.lost} samples lost: it does not keep up with 50 Hz")
    if abs(live.figures.rate / SENSOR_RATE - 1.0) > RATE_TOLERANCE:
        found.append(f"the sensor samples at {live.figures.rate:.3f} Hz, wanted {SENSOR_RATE:g} Hz")
    gaps = 0 if expected is None else expected.gaps
    if session.gaps != gaps:
        found.append(f"{session.gaps} gaps, wanted {gaps}")
    if expected is None:
        return found
    if session.samples != expected.samples:
        found.append(f"{session.samples} samples taken of {expected.samples} in the stream")
    model = read(expected.model)
    outputs = check_outputs(model.output, expected.outputs, seen, output_tolerance(model))
    if not outputs.kept:
        found.append(f"predictions are not the offline ones: {outputs}")
    return found


def live_properties(record: LiveRecord) -> dict[str, object]:
    """The figures of live operation as JUnit keeps them, by name and unit."""
    return {
        "average power / W": record.power.value,
        "average power, expanded uncertainty / W": record.power.expanded,
        "average current / A": record.current.value,
        "duty cycle": record.duty,
        "sensor rate / Hz": record.rate,
        "samples lost": record.lost,
        "battery / Ah": record.battery_capacity / 3600.0,
        "battery life / d": record.battery_life / DAY,
        "idle state": record.idle_state,
    }
