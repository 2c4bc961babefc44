"""Instruments of a twin on loopback, for tests that move the simulated world by hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.station.configuration import Station, load_station
from bench.twin.card import Card
from bench.twin.daq.digitizer import Digitizer
from bench.twin.daq.service import DigitizerServer
from bench.twin.supply import Dialect, SupplyServer
from bench.twin.world import World

STATIONS = Path(__file__).parents[1] / "stations"
SEED = 7


@dataclass(frozen=True)
class Served:
    """A world, and a station with the addresses of the instruments that look at it."""

    world: World
    station: Station


@contextmanager
def served_supply(dialect: Dialect | None = None) -> Iterator[Served]:
    """A supply without a load that speaks in one of the forms that it may have."""
    world = World()
    supply = SupplyServer(world, SEED, dialect)
    try:
        yield Served(world, _station(supply.address, "127.0.0.1:1"))
    finally:
        supply.close()


@contextmanager
def served_instruments() -> Iterator[Served]:
    """Supply and digitizer without a device."""
    with served_supply() as served:
        digitizer = DigitizerServer(Digitizer(served.world, Card(SEED)))
        try:
            visa = served.station.supply.resource
            yield Served(served.world, _station(visa, digitizer.address))
        finally:
            digitizer.close()


def _station(visa: str, grpc: str) -> Station:
    twin = load_station(STATIONS / "twin.toml")
    return twin.with_addresses(visa=visa, grpc=grpc, serial="none")
