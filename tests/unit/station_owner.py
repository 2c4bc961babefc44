"""What a process that owns a station does, and the ways in which it ends."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from bench.station.configuration import Station
from bench.station.machine import LeasedStation


def own(station: Station, locks: Path, way: str, told: Connection) -> None:
    """Power a station, tell so, and end in the way asked for."""
    with LeasedStation(station, locks=locks) as leased:
        leased.configure()
        leased.power_on()
        told.send("powered")
        WAYS[way](leased)


def live(leased: LeasedStation) -> None:
    """Use the station for ever."""
    while True:
        leased.measure_current()
        leased.power_cycle(leased.station.supply.voltages[1])
        leased.check_power()
        leased.power_off()
        leased.configure()
        leased.power_on()


def fail(leased: LeasedStation) -> None:
    """Raise an error."""
    raise RuntimeError("something went wrong")


def end_by(number: int) -> Callable[[LeasedStation], None]:
    """Send itself a signal."""
    return lambda leased: os.kill(os.getpid(), number)


def crash(leased: LeasedStation) -> None:
    """Read where nothing is."""
    ctypes.string_at(0)


WAYS: dict[str, Callable[[LeasedStation], object]] = {
    "returns": lambda leased: None,
    "raises": fail,
    "sys.exit": lambda leased: sys.exit(3),
    "os._exit": lambda leased: os._exit(3),
    "crashes": crash,
    "SIGINT": end_by(signal.SIGINT),
    "SIGTERM": end_by(signal.SIGTERM),
    "SIGKILL": end_by(signal.SIGKILL),
    "waits": lambda leased: signal.pause(),
    "lives": live,
}
