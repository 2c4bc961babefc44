"""Captures: windows planned from a timed warm-up, recorded, and what a good trace of one is."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from bench.errors import MeasurementError
from bench.instruments.digitizer import Digitizer, Recording
from bench.measurement.declared import circuit_of
from bench.measurement.integrity import TraceLimits
from bench.measurement.trace import Trace
from bench.station.configuration import Station

Result = TypeVar("Result")

SETTLED = 10.0
"""Time constants of shunt and decoupling after which a step is forgotten: exp(-10) of it left."""

WINDOW_SECONDS = 0.5
LEAST_INFERENCES = 10
"""A window lasts so long and holds so many; the paper's holds ten, however short."""

PAPER_INFERENCES = 10
"""Inferences of the paper's window: "10 consecutive measures"."""

TIMED_INFERENCES = 10
"""Inferences of the timed warm-up that a window is planned from."""

IDLE_SECONDS = 0.1
"""Length of a stretch of waiting before and after the windows: 10,000 samples at 100 kS/s."""

LATENCY_MARGIN = 0.02
"""Share by which a window may outlast the timed warm-up."""


@dataclass(frozen=True)
class WindowPlan:
    """A window to be measured.

    Attributes:
        rate: Samples per s of each channel.
        inferences: In the window.
        warm_up: Unmeasured inferences before it, until the measured current has settled.
        pre: Samples before the trigger, the marker's rise.
        post: Samples from the trigger on.
    """

    rate: float
    inferences: int
    warm_up: int
    pre: int
    post: int

    @property
    def samples(self) -> int:
        """Samples of each channel in the trace."""
        return self.pre + self.post

    @property
    def seconds(self) -> float:
        """How long the trace lasts."""
        return self.samples / self.rate


def plan_window(station: Station, latency: float, inferences: int | None = None) -> WindowPlan:
    """Plan a window of `inferences` (None: 0.5 s, at least ten) that last `latency` s each.

    Both edges lie in the trace, with ten time constants of shunt and decoupling before and after.

    Raises:
        MeasurementError: The latency is no positive time, or there is less than one inference.
    """
    if not (math.isfinite(latency) and latency > 0.0):
        raise MeasurementError(
            f"window: a latency of {latency!r} s from the warm-up; wanted a positive time; "
            "check the device's timer"
        )
    if inferences is None:
        inferences = max(LEAST_INFERENCES, math.ceil(WINDOW_SECONDS / latency))
    if inferences < 1:
        raise MeasurementError(f"window: {inferences} inferences; wanted at least one")
    rate = station.digitizer.rate
    settling = SETTLED * circuit_of(station).time_constant
    longest = inferences * latency * (1.0 + LATENCY_MARGIN) + settling
    return WindowPlan(
        rate=rate,
        inferences=inferences,
        warm_up=max(1, math.ceil(settling / latency)),
        pre=max(2, math.ceil(settling * rate)),
        post=math.ceil(longest * rate) + 1,
    )


def trace_limits(station: Station, samples: int) -> TraceLimits:
    """What a trace of so many samples must be on `station`."""
    card = station.digitizer
    return TraceLimits(
        samples=samples,
        supply_range=card.supply.range,
        shunt_range=card.shunt.range,
        minimum_voltage=station.device.minimum_voltage,
        marker_threshold=card.marker_threshold,
        shortest_window=SETTLED * circuit_of(station).time_constant,
    )


def capture_window(
    digitizer: Digitizer,
    station: Station,
    plan: WindowPlan,
    run: Callable[[], Result],
    about: Mapping[str, str],
) -> tuple[Trace, Result]:
    """Arm the digitizer, `run` the planned inferences, and read the trace around the marker.

    Args:
        digitizer: Wired as `station` says.
        station: Its channels and trigger are used.
        plan: How many samples and inferences.
        run: Makes the device do the inferences; returns when it has.
        about: Goes into the trace.

    Returns:
        The trace and what `run` returned.

    Raises:
        DigitizerError: No trigger, samples lost, or any other error of the driver.
    """
    card = station.digitizer
    with digitizer.arm(
        card.channels, rate=plan.rate, before=plan.pre, after=plan.post, trigger=card.trigger
    ) as acquisition:
        result = run()
        recording = acquisition.read()
    return _trace(recording, about), result


def capture_idle(
    digitizer: Digitizer, station: Station, seconds: float, about: Mapping[str, str]
) -> Trace:
    """Record the waiting device for so many s, now.

    Raises:
        DigitizerError: Any error of the driver.
    """
    card = station.digitizer
    count = idle_samples(station, seconds)
    return _trace(digitizer.sample(card.channels, rate=card.rate, count=count), about)


def idle_samples(station: Station, seconds: float) -> int:
    """How many samples of each channel `capture_idle` records in so many s."""
    return max(2, math.ceil(seconds * station.digitizer.rate))


def _trace(recording: Recording, about: Mapping[str, str]) -> Trace:
    supply, shunt, marker = recording.samples
    return Trace(recording.rate, recording.trigger_index, supply, shunt, marker, about)
