"""What a trace must be before any energy is computed from it; each fault is an error by name."""

from dataclasses import dataclass

import numpy as np

from bench.errors import MeasurementError
from bench.measurement.trace import Floats, Trace

FULL_SCALE = 1.0 - 2.0 / 2**15
"""Share of a range from which a reading counts as saturated: two steps of a 16-bit card below."""

FLAT_SAMPLES = 500
"""So many equal readings in a row are a stuck channel: the card's own noise is about one step."""


class SampleCountError(MeasurementError):
    """More or fewer samples than were asked for."""


class InvalidSampleError(MeasurementError):
    """A reading that is no finite number."""


class SaturationError(MeasurementError):
    """A reading at the end of its range."""


class SwappedChannelsError(MeasurementError):
    """The supply's channel shows what the shunt's should, and the other way round."""


class FlatLineError(MeasurementError):
    """A channel that does not move."""


class UnderVoltageError(MeasurementError):
    """The device was below its minimum voltage."""


class MarkerError(MeasurementError):
    """The marker does not show exactly one window where the trigger was."""


class MarkerMissingError(MarkerError):
    """The marker does not rise and fall."""


class MarkerExtraError(MarkerError):
    """The marker has more edges than a rise and a fall, or is high where it should be low."""


class MarkerLateError(MarkerError):
    """The marker rises elsewhere than at the trigger."""


class MarkerLevelError(MarkerError):
    """The marker's levels are too near to the threshold."""


class ShortWindowError(MeasurementError):
    """A window too short for the time constant of shunt and decoupling."""


@dataclass(frozen=True)
class TraceLimits:
    """What is known of a good trace beforehand.

    Attributes:
        samples: How many samples of each channel were asked for.
        supply_range: The supply channel's range is plus and minus so many V.
        shunt_range: The shunt channel's range is plus and minus so many V.
        minimum_voltage: Voltage across the device in V below which it may not run.
        marker_threshold: Marker voltage in V between low and high.
        shortest_window: A window lasts at least so long, in s.
    """

    samples: int
    supply_range: float
    shunt_range: float
    minimum_voltage: float
    marker_threshold: float
    shortest_window: float


def check_samples(trace: Trace, limits: TraceLimits) -> None:
    """Count, finiteness, saturation, flat lines and the device's voltage.

    Raises:
        SampleCountError: Samples were lost or added.
        InvalidSampleError: A NaN or an infinity.
        SwappedChannelsError: Supply and shunt show each other's voltage.
        SaturationError: Supply or shunt reached the end of its range.
        FlatLineError: Supply or shunt stood still.
        UnderVoltageError: The device was below its minimum voltage.
    """
    if len(trace) != limits.samples or len(trace) == 0:
        raise SampleCountError(
            f"trace: {len(trace)} samples, wanted {max(1, limits.samples)}; "
            "measure again at a lower rate or with a larger buffer"
        )
    channels = {"supply": trace.supply, "shunt": trace.shunt, "marker": trace.marker}
    for name, samples in channels.items():
        _check_finite(name, samples)
    _check_order(trace, limits)
    _check_saturation("supply", trace.supply, limits.supply_range)
    _check_saturation("shunt", trace.shunt, limits.shunt_range)
    check_movement("supply", trace.supply)
    check_movement("shunt", trace.shunt)
    _check_device_voltage(trace, limits.minimum_voltage)


def _check_finite(name: str, samples: Floats) -> None:
    finite = np.isfinite(samples)
    if not finite.all():
        first = int(np.argmin(finite))
        raise InvalidSampleError(
            f"trace: {name} sample {first} is {samples[first]}; wanted a finite voltage; "
            "check the card and its driver"
        )


def _check_order(trace: Trace, limits: TraceLimits) -> None:
    """With the leads exchanged the shunt's channel has the supply's whole voltage throughout."""
    supply, least = float(trace.supply.max()), float(trace.shunt.min())
    if least >= limits.shunt_range * FULL_SCALE and supply < limits.minimum_voltage:
        raise SwappedChannelsError(
            f"trace: supply reads at most {supply:.4g} V and shunt at least {least:.4g} V, wanted "
            f"{limits.minimum_voltage:g} V or more and less than {limits.shunt_range:g} V; "
            "exchange the leads of the two channels, or their names in [digitizer]"
        )


def _check_saturation(name: str, samples: Floats, full: float) -> None:
    low, high = float(samples.min()), float(samples.max())
    peak = high if high >= -low else low
    if abs(peak) >= full * FULL_SCALE:
        raise SaturationError(
            f"trace: {name} reaches {peak:.5g} V, wanted less than its range of +-{full:g} V; "
            f"check this channel's leads and terminals, or take a wider [digitizer] {name} range"
        )


def check_movement(name: str, samples: Floats) -> None:
    """Raise `FlatLineError` where a channel stands still."""
    length = min(FLAT_SAMPLES, len(samples))
    blocks = samples[: len(samples) // length * length].reshape(-1, length)
    flat = blocks.min(axis=1) == blocks.max(axis=1)
    if flat.any():
        first = int(np.argmax(flat)) * length
        raise FlatLineError(
            f"trace: {name} stays at {samples[first]:.6g} V for {length} samples from sample "
            f"{first}; wanted the noise of a live channel; check its cable and terminals"
        )


def _check_device_voltage(trace: Trace, minimum: float) -> None:
    lowest, volts = lowest_voltage(trace)
    if volts < minimum:
        raise UnderVoltageError(
            f"trace: the device is at {volts:.4g} V at sample {lowest}, below its minimum of "
            f"{minimum:g} V; raise the supply's voltage or take a smaller shunt"
        )


def lowest_voltage(trace: Trace) -> tuple[int, float]:
    """Where the device has its lowest voltage, and that voltage in V."""
    device = trace.supply - trace.shunt
    lowest = int(np.argmin(device))
    return lowest, float(device[lowest])
