"""Two independent looks at a measurement: the supply's own reading and the device's own timer."""

import math
from dataclasses import dataclass

from bench.errors import MeasurementError
from bench.measurement.energy import WindowEnergy
from bench.measurement.figures import Figures
from bench.measurement.uncertainty import Estimate
from bench.station.calibration_records import SupplyRecord

EXPANDED = 2.0
"""Coverage factor for the supply's own reading."""

DEVICE_CLOCK = 100e-6
"""Relative error allowed to the device's clock: some tens of ppm of its crystal, and ageing."""

POWER = 1.7
"""Standard deviations for a one-sided probability of 95 %: how surely a drift is to be found. 1.645
for normal errors, 1.675 for the sum of two equal rectangular ones, less for a single one."""

TIMER_STEP = 1e-6
"""Resolution in s of the device's timer."""


class ImplausibleCurrentError(MeasurementError):
    """Shunt and supply disagree about the current by more than both may be wrong."""


class ClockRatioError(MeasurementError):
    """Card and device disagree about the time by more than both may be wrong."""


@dataclass(frozen=True)
class Currents:
    """The current through the shunt beside the supply's own reading of it.

    Attributes:
        measured: Through the shunt, A.
        reading: By the supply, A.
        expanded: Expanded uncertainty of their difference, A.
    """

    measured: float
    reading: float
    expanded: float

    @property
    def score(self) -> float:
        """The normalised error En (ISO/IEC 17043:2023, annex B.3); agreement is at most 1."""
        return (self.measured - self.reading) / self.expanded

    @property
    def detectable(self) -> float:
        """Smallest drift of the shunt, or of its channel's gain, found with 95 %; relative.

        It must carry the difference past its expanded uncertainty even where the other errors
        hide some of it, by `POWER` standard uncertainties (a capability of detection, after
        ISO 11843-1).
        """
        return self.expanded * (1.0 + POWER / EXPANDED) / abs(self.measured)

    @property
    def error(self) -> ImplausibleCurrentError | None:
        """What is wrong if they disagree."""
        if abs(self.score) <= 1.0:
            return None
        return ImplausibleCurrentError(
            f"current: {self.measured * 1e3:.4g} mA through the shunt, {self.reading * 1e3:.4g} mA "
            f"by the supply (En = {self.score:.2f}, wanted at most 1); check the shunt's value, "
            "what else the supply feeds, and whether anything else feeds the device"
        )


def compare_current(measured: Estimate, reading: float, record: SupplyRecord) -> Currents:
    """Set the current through the shunt beside the supply's own `reading`, both in A.

    The reading is corrected for what the supply's calibration `record` has found.
    """
    reading = (reading - record.offset_found) / (1.0 + record.gain_found)
    gain = reading * record.gain.standard
    stated = EXPANDED * math.hypot(gain, record.offset / math.sqrt(3.0))
    return Currents(measured.value, reading, math.hypot(measured.expanded, stated))


def check_current(measured: Estimate, reading: float, record: SupplyRecord) -> float:
    """Compare the current through the shunt with the supply's own `reading`, both in A.

    Returns:
        The normalised error En, at most 1 in absolute value.

    Raises:
        ImplausibleCurrentError: They disagree.
    """
    currents = compare_current(measured, reading, record)
    if currents.error is not None:
        raise currents.error
    return currents.score


@dataclass(frozen=True)
class Clocks:
    """A window's length by the card's clock and by the device's timer, in s.

    Attributes:
        card: By the card.
        device: By the device.
        allowed: By how much their ratio may be off, relative.
    """

    card: float
    device: float
    allowed: float

    @property
    def ratio(self) -> float:
        """Card's over device's time, less one."""
        return self.card / self.device - 1.0 if self.device > 0.0 else math.inf

    @property
    def error(self) -> ClockRatioError | None:
        """What is wrong if they disagree."""
        if abs(self.ratio) <= self.allowed:
            return None
        return ClockRatioError(
            f"window: {self.card * 1e3:.6g} ms by the card, {self.device * 1e3:.6g} ms by the "
            f"device (ratio off by {self.ratio * 1e6:+.0f} ppm, wanted at most "
            f"{self.allowed * 1e6:.0f} ppm); samples were lost, or a clock is wrong"
        )


def compare_clocks(window: WindowEnergy, device_seconds: float, figures: Figures) -> Clocks:
    """Set a window's length by the card beside its length by the device's timer, in s."""
    sampling = window.seconds / window.samples
    reading = 2.0 * (sampling + TIMER_STEP) / window.seconds
    allowed = EXPANDED * figures.time_base.standard + DEVICE_CLOCK + reading
    return Clocks(window.seconds, device_seconds, allowed)


def check_clock(window: WindowEnergy, device_seconds: float, figures: Figures) -> float:
    """Compare a window's length by the card with its length by the device's timer, in s.

    Returns:
        Card's over device's time, less one.

    Raises:
        ClockRatioError: They disagree: samples were lost, or a clock is wrong.
    """
    clocks = compare_clocks(window, device_seconds, figures)
    if clocks.error is not None:
        raise clocks.error
    return clocks.ratio
