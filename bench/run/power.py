"""Why a device fell silent: the supply is asked before the device is blamed."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from bench.errors import DeviceError, DigitizerError, MeasurementError, SupplyError
from bench.station.machine import LeasedStation, Phase, PowerLostError

log = logging.getLogger(__name__)


@contextmanager
def power_explains(leased: LeasedStation) -> Iterator[None]:
    """Where device, card or trace fail because the supply has switched off, say that instead.

    Raises:
        PowerLostError: The output, which was on, is off: in place of the error within.
    """
    try:
        yield
    except (DeviceError, DigitizerError, MeasurementError) as error:
        if leased.phase is Phase.POWERED:
            try:
                leased.check_power()
            except PowerLostError as cause:
                raise cause from error
            except SupplyError as other:
                log.warning("the supply does not tell whether its output is on: %s", other)
        raise
