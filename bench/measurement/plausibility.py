"""Two independent looks at a measurement: the supply's own reading and the device's own timer."""

import math

from bench.errors import MeasurementError
from bench.measurement.energy import WindowEnergy
from bench.measurement.figures import Figures
from bench.measurement.uncertainty import Estimate
from bench.station.calibration import SupplyRecord

EXPANDED = 2.0
"""Coverage factor for the supply's own reading."""

DEVICE_CLOCK = 100e-6
"""Relative error allowed to the device's clock: some tens of ppm of its crystal, and ageing."""

TIMER_STEP = 1e-6
"""Resolution in s of the device's timer."""


class ImplausibleCurrentError(MeasurementError):
    """Shunt and supply disagree about the current by more than both may be wrong."""


class ClockRatioError(MeasurementError):
    """Card and device disagree about the time by more than both may be wrong."""


def check_current(measured: Estimate, reading: float, record: SupplyRecord) -> float:
    """Compare the current through the shunt with the supply's own `reading`, both in A.

    The reading is corrected for what the supply's calibration `record` has found.

    Returns:
        The normalised error En (ISO/IEC 17043:2023, annex B.3): at most 1 in absolute value.

    Raises:
        ImplausibleCurrentError: They disagree.
    """
    reading = (reading - record.offset_found) / (1.0 + record.gain_found)
    gain = reading * record.gain.standard
    stated = EXPANDED * math.hypot(gain, record.offset / math.sqrt(3.0))
    score = (measured.value - reading) / math.hypot(measured.expanded, stated)
    if not abs(score) <= 1.0:
        raise ImplausibleCurrentError(
            f"current: {measured.value * 1e3:.4g} mA through the shunt, {reading * 1e3:.4g} mA by "
            f"the supply (En = {score:.2f}, wanted at most 1); check the shunt's value, what else "
            "the supply feeds, and whether anything else feeds the device"
        )
    return score


def check_clock(window: WindowEnergy, device_seconds: float, figures: Figures) -> float:
    """Compare a window's length by the card with its length by the device's timer, in s.

    Returns:
        Card's over device's time, less one.

    Raises:
        ClockRatioError: They disagree: samples were lost, or a clock is wrong.
    """
    ratio = window.seconds / device_seconds - 1.0 if device_seconds > 0.0 else math.inf
    sampling = window.seconds / window.samples
    reading = 2.0 * (sampling + TIMER_STEP) / window.seconds
    allowed = EXPANDED * figures.time_base.standard + DEVICE_CLOCK + reading
    if not abs(ratio) <= allowed:
        raise ClockRatioError(
            f"window: {window.seconds * 1e3:.6g} ms by the card, {device_seconds * 1e3:.6g} ms by "
            f"the device (ratio off by {ratio * 1e6:+.0f} ppm, wanted at most "
            f"{allowed * 1e6:.0f} ppm); samples were lost, or a clock is wrong"
        )
    return ratio
