"""With the output off the shunt carries nothing, so its channel reads its own offset."""

import time

from bench.instruments.digitizer import Digitizer
from bench.measurement import checks
from bench.measurement.capture import capture_idle
from bench.measurement.declared import figures_of
from bench.station.configuration import Station

SECONDS = 0.02
"""Length of a look: one cycle of 50 Hz mains; thousands of samples, whose noise averages out."""


def check_zero(digitizer: Digitizer, station: Station) -> None:
    """Make sure that the shunt's channel has not drifted since the self-check.

    The output must be off; the decoupling is given the station's `off_time` to empty itself.

    Raises:
        OffsetError: It reads more than its declared offset allows.
        DigitizerError: Any error of the driver.
    """
    time.sleep(station.supply.off_time)
    trace = capture_idle(digitizer, station, SECONDS, {})
    figures = figures_of(station).shunt_voltage
    found = checks.zero("zero of shunt", "shunt", trace.shunt, figures)
    if found.error is not None:
        raise found.error
