"""With the output off nothing feeds the device, and the shunt's channel reads its own offset."""

import time

from bench.instruments.digitizer import Digitizer
from bench.measurement import checks
from bench.measurement.capture import capture_idle
from bench.measurement.declared import figures_of
from bench.station.configuration import Station

SECONDS = 0.02
"""Length of a look: one cycle of 50 Hz mains; thousands of samples, whose noise averages out."""


def check_quiet(digitizer: Digitizer, station: Station) -> None:
    """Make sure that what the self-check saw with the output off is still so.

    The output must be off; the decoupling is given the station's `off_time` to empty itself.

    Raises:
        MeasurementError: `PhantomSupplyError`, `OpenLeadError` or `OffsetError` of
            `bench.measurement.checks`.
        DigitizerError: Any error of the driver.
    """
    time.sleep(station.supply.off_time)
    trace = capture_idle(digitizer, station, SECONDS, {})
    figures = figures_of(station).shunt_voltage
    for found in (
        checks.phantom_voltage("phantom voltage", trace),
        checks.phantom_current("phantom current", trace, figures, station.shunt.resistance),
        checks.zero("zero of shunt", "shunt", trace.shunt, figures),
    ):
        if found.error is not None:
            raise found.error
