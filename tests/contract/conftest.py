"""The same tests on the twin and on hardware.

``station`` is each station at hand: the twin's, and the one that ``--station=FILE`` names. A test
that asks for ``twin`` moves the simulated world by hand and runs there only.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.station.configuration import Station, load_station
from tests.served import Served, served_instruments


@pytest.fixture
def twin() -> Iterator[Served]:
    """Supply and digitizer of a twin without a device."""
    with served_instruments() as served:
        yield served


@pytest.fixture(params=["twin", "hardware"])
def station(request: pytest.FixtureRequest) -> Station:
    """Each station at hand."""
    if request.param == "twin":
        served: Served = request.getfixturevalue("twin")
        return served.station
    path = request.config.getoption("--station", default=None)
    if path is None:
        pytest.skip("no --station=FILE")
    return load_station(Path(path))
