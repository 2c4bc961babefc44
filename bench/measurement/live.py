"""Live operation: a stretch of whole steps, from one inference's begin to another's, and its power.

The device samples at 50 Hz, sleeps between samples and infers once every 64 of them, with the
marker high. Cut where the marker rises, a stretch holds whole steps, whatever the sensor's own
clock makes of 50 Hz, so its mean is that of any longer time::

    power = sum of the steps' energies / sum of their times
    duty  = time with the marker high / time
    rate  = 64 samples / time of a step

A battery's charge passes a linear regulator, which leaves the current as it is::

    life = capacity / mean current
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bench.measurement.capture import SETTLED, WindowPlan, trace_limits
from bench.measurement.correction import corrected
from bench.measurement.declared import circuit_of, corrections_of, figures_of
from bench.measurement.energy import WindowEnergy, window_energy
from bench.measurement.model import mean_current, mean_power
from bench.measurement.repeated import Series
from bench.measurement.trace import Trace
from bench.measurement.uncertainty import Estimate, evaluate
from bench.measurement.windows import find_steps
from bench.station.configuration import Station

STEPS = 2
"""Steps of a stretch: the least that shows whether one is like the other."""

STEP_SAMPLES = 64
SENSOR_RATE = 50.0
"""A window is complete every so many samples, of which so many come in a second."""

SENSOR_CLOCK = 0.05
"""Share by which the sensor may be slow: the worst of its clocks, the MPU-6050's own oscillator."""


@dataclass(frozen=True)
class LiveStretch:
    """Whole steps of live operation.

    Attributes:
        steps: The energy of each, from the marker's rise to its next.
        busy: Seconds of each with the marker high.
    """

    steps: Sequence[WindowEnergy]
    busy: Sequence[float]

    @property
    def seconds(self) -> float:
        """Length in s by the card's clock."""
        return math.fsum(step.seconds for step in self.steps)

    @property
    def duty(self) -> float:
        """Share of the time in which the device infers."""
        return math.fsum(self.busy) / self.seconds

    @property
    def rate(self) -> float:
        """Samples of the sensor per s, by the card's clock."""
        return STEP_SAMPLES * len(self.steps) / self.seconds


@dataclass(frozen=True)
class LiveFigures:
    """What a stretch of live operation gives.

    Attributes:
        power: On average over whole steps, as `current`.
        current: Through the shunt.
        duty: Share of the time in which the device infers.
        rate: Samples of its sensor per s.
    """

    power: Estimate
    current: Estimate
    duty: float
    rate: float


def plan_live(station: Station) -> WindowPlan:
    """The capture of a stretch from the first inference on, as long as a slow sensor makes it."""
    rate = station.digitizer.rate
    settling = SETTLED * circuit_of(station).time_constant
    longest = STEPS * STEP_SAMPLES / SENSOR_RATE * (1.0 + SENSOR_CLOCK)
    return WindowPlan(
        rate=rate,
        inferences=STEPS,
        warm_up=0,
        pre=max(2, math.ceil(settling * rate)),
        post=math.ceil(longest * rate) + 1,
    )


def live_stretch(trace: Trace, station: Station, plan: WindowPlan) -> LiveStretch:
    """The steps of a captured stretch.

    Raises:
        MeasurementError: One of its kinds in `bench.measurement.integrity`.
    """
    steps = find_steps(trace, trace_limits(station, plan.samples), plan.inferences)
    found, circuit = corrected(trace, corrections_of(station)), circuit_of(station)
    return LiveStretch(
        [window_energy(found, step.whole, circuit) for step in steps],
        [step.inference.samples / found.rate for step in steps],
    )


def figures_of_live(trace: Trace, station: Station) -> LiveFigures:
    """What a captured stretch says of live operation.

    Raises:
        MeasurementError: One of its kinds in `bench.measurement.integrity`.
    """
    stretch, figures = live_stretch(trace, station, plan_live(station)), figures_of(station)
    return LiveFigures(
        power=evaluate(mean_power("average power", stretch.steps, figures)),
        current=evaluate(mean_current(Series(stretch.steps, 1), figures)),
        duty=stretch.duty,
        rate=stretch.rate,
    )


def battery_life(capacity: float, current: float) -> float:
    """Seconds for which a battery of `capacity` C gives `current` A through a linear regulator."""
    return capacity / current
