"""From traces to results: one computation for a measurement and for its reanalysis."""

from dataclasses import dataclass

from bench.errors import MeasurementError
from bench.measurement.capture import trace_limits
from bench.measurement.correction import corrected
from bench.measurement.declared import circuit_of, corrections_of, figures_of
from bench.measurement.energy import WindowEnergy, window_energy
from bench.measurement.integrity import check_samples
from bench.measurement.model import energy_above_idle, gross_energy, idle_power, mean_current
from bench.measurement.plausibility import (
    Currents,
    check_clock,
    check_current,
    compare_current,
)
from bench.measurement.repeated import Series
from bench.measurement.trace import Trace
from bench.measurement.uncertainty import Estimate, evaluate
from bench.measurement.windows import Window, find_idle, find_window
from bench.station.configuration import Station


@dataclass(frozen=True)
class Energies:
    """What a series's windows and idle readings give.

    Attributes:
        gross: Of one inference.
        above_idle: Of one inference, less what waiting would have taken.
        idle_power: While waiting.
    """

    gross: Estimate
    above_idle: Estimate
    idle_power: Estimate


def window_of(trace: Trace, station: Station, samples: int, device_seconds: float) -> WindowEnergy:
    """The window in a trace of so many `samples` that lasts `device_seconds` s by the device.

    Raises:
        MeasurementError: The trace is not sound, or the clocks disagree.
    """
    energy = _energy(trace, find_window(trace, trace_limits(station, samples)), station)
    check_clock(energy, device_seconds, figures_of(station))
    return energy


def idle_of(trace: Trace, station: Station, samples: int) -> WindowEnergy:
    """A trace of so many `samples` of waiting; `MeasurementError` if it is not sound."""
    return _energy(trace, find_idle(trace, trace_limits(station, samples)), station)


def waiting_of(trace: Trace, station: Station, samples: int) -> WindowEnergy:
    """A trace of so many `samples` of a device that waits without an application.

    Its marker pin is not driven. Raises `MeasurementError` if the trace is not sound.
    """
    check_samples(trace, trace_limits(station, samples))
    return _energy(trace, Window(0.0, len(trace) - 1.0), station)


def check_supply(idle: WindowEnergy, reading: float, station: Station) -> float:
    """The En score of an idle reading's current beside the supply's own `reading` in A.

    Raises:
        ImplausibleCurrentError: They disagree.
    """
    return check_current(_mean_current(idle, station), reading, station.calibration.supply)


def compare_supply(waiting: WindowEnergy, reading: float, station: Station) -> Currents:
    """Set the current of a stretch of waiting beside the supply's own `reading` in A."""
    return compare_current(_mean_current(waiting, station), reading, station.calibration.supply)


def _mean_current(waiting: WindowEnergy, station: Station) -> Estimate:
    return evaluate(mean_current(Series([waiting], 1), figures_of(station)))


def energies_of(series: Series, station: Station) -> Energies:
    """Energies and idle power of a series with idle readings, each with its uncertainty.

    Raises:
        MeasurementError: A window has no energy.
    """
    least = min(window.energy for window in series.windows)
    if not least > 0.0:
        raise MeasurementError(
            f"window: an energy of {least:.4g} J; wanted more than none: see that the shunt's "
            "leads are not swapped"
        )
    figures = figures_of(station)
    return Energies(
        gross=evaluate(gross_energy(series, figures)),
        above_idle=evaluate(energy_above_idle(series, figures)),
        idle_power=evaluate(idle_power(series, figures)),
    )


def _energy(trace: Trace, window: Window, station: Station) -> WindowEnergy:
    return window_energy(corrected(trace, corrections_of(station)), window, circuit_of(station))
