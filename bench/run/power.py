"""Why a device fell silent: the supply is asked before the device is blamed.

And who wants out, such as by Ctrl-C, gets the output off before anything is cleaned up.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from bench.errors import BenchError, DeviceError, DigitizerError, MeasurementError, SupplyError
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


@contextmanager
def off_first(leased: LeasedStation) -> Iterator[None]:
    """Switch off before any clean-up around this, if anything but a bench error comes by.

    After a bench error the supply is still to be asked whether it explains it.
    """
    try:
        yield
    except BenchError:
        raise
    except BaseException:
        leased.leave_off()
        raise
