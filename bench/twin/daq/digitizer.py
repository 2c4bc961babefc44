"""The card's driver: its tasks by name."""

from collections.abc import Collection
from enum import StrEnum

from bench.twin.card import Card
from bench.twin.daq.board import Board
from bench.twin.daq.errors import Code, DaqError
from bench.twin.daq.inputs import DEVICE
from bench.twin.daq.task import Task
from bench.twin.world import World


class DigitizerFault(StrEnum):
    """What can be wrong with the digitizer."""

    MISSING = "digitizer-missing"
    """The driver has no such device."""
    SAMPLES_LOST = "digitizer-samples-lost"
    """The card's memory overflows before its samples are fetched."""
    OVERWRITTEN = "digitizer-overwritten"
    """The driver's buffer is overwritten before its samples are read."""
    SAMPLES_DROPPED = "digitizer-samples-dropped"
    """In the middle of a recording samples are missing, and nobody says so."""
    GONE = "digitizer-gone"
    """The driver's server ends when samples are read."""


_READ_ERRORS = {
    DigitizerFault.SAMPLES_LOST: Code.INPUT_FIFO_OVERFLOW_2,
    DigitizerFault.OVERWRITTEN: Code.SAMPLES_NO_LONGER_AVAILABLE,
}
DROPPED = 500
"""Samples of each channel."""


class Digitizer:
    """All tasks on one card.

    Attributes:
        ends: Whether its server ends when samples are read, as a fault.
    """

    def __init__(
        self, world: World, card: Card, faults: Collection[DigitizerFault] = frozenset()
    ) -> None:
        self.world = world
        self.card = card
        self.devices = [] if DigitizerFault.MISSING in faults else [DEVICE]
        dropped = DROPPED if DigitizerFault.SAMPLES_DROPPED in faults else 0
        codes = [code for fault, code in _READ_ERRORS.items() if fault in faults]
        self._board = Board(world, card, next(iter(codes), None), dropped)
        self.ends = DigitizerFault.GONE in faults
        self._tasks: dict[str, Task] = {}
        self._unnamed = 0

    @property
    def tasks(self) -> list[str]:
        """Names of the tasks that exist."""
        with self.world.lock:
            return list(self._tasks)

    def check_device(self, name: str) -> None:
        """Raise the `DaqError` of a device that is not there."""
        if name.lower() not in [device.lower() for device in self.devices]:
            there = ", ".join(self.devices) or "no device"
            raise DaqError(Code.INVALID_DEVICE_ID, f"Device Specified: {name!r}; here is {there}")

    def create(self, name: str) -> tuple[Task, bool]:
        """The task of that name, and whether it is new; without a name it always is."""
        with self.world.lock:
            if not name:
                name, self._unnamed = f"_unnamedTask<{self._unnamed:X}>", self._unnamed + 1
            new = name not in self._tasks
            if new:
                self._tasks[name] = Task(name, self._board)
            return self._tasks[name], new

    def task(self, name: str) -> Task:
        """The task of that name.

        Raises:
            DaqError: There is none.
        """
        with self.world.lock:
            if name not in self._tasks:
                raise DaqError(Code.INVALID_TASK, f"Task: {name!r}")
            return self._tasks[name]

    def clear(self, name: str) -> None:
        """Stop the task and forget it."""
        with self.world.lock:
            self.task(name).stop()
            del self._tasks[name]

    def reset(self) -> None:
        """Stop all tasks, as resetting the device does; they keep their settings."""
        with self.world.lock:
            for task in self._tasks.values():
                task.stop()
