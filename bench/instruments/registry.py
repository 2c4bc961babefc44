"""Opens the instruments that a station file names.

Each driver loads its vendor's library, so only the driver in use is imported.
"""

from collections.abc import Callable

from bench.instruments.digitizer import Digitizer
from bench.instruments.supply import Supply
from bench.station.settings import DigitizerSettings, SupplySettings


def open_supply(settings: SupplySettings) -> Supply:
    """Connect to the supply's channel, switch it off and check who answers.

    Raises:
        SupplyError: It cannot be reached, or is another one; the connection is closed again.
    """
    from bench.instruments.ngmo2 import Ngmo2
    from bench.instruments.visa import VisaLink

    link = VisaLink(
        settings.resource,
        library=settings.visa_library,
        timeout=settings.timeout,
        baud=settings.baud,
    )
    supply = Ngmo2(link, settings.channel)
    try:
        supply.identify(settings.serial_number)
    except BaseException:
        supply.close()
        raise
    return supply


def open_digitizer(
    settings: DigitizerSettings, leaving: Callable[[], None] = lambda: None
) -> Digitizer:
    """Connect to the card and check that it is the one that the file names.

    Args:
        settings: The section of the station file.
        leaving: What must be done before anything else when somebody wants out in the midst of
            an acquisition, such as to switch off.

    Raises:
        DigitizerError: No driver, no server, no such device, or another card.
    """
    from bench.instruments.nidaq import NiDaq

    digitizer = NiDaq(
        settings.device, server=settings.grpc, timeout=settings.timeout, leaving=leaving
    )
    try:
        digitizer.identify(settings.card)
    except BaseException:
        digitizer.close()
        raise
    return digitizer
