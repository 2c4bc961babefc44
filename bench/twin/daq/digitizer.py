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


class Digitizer:
    """All tasks on one card."""

    def __init__(
        self, world: World, card: Card, faults: Collection[DigitizerFault] = frozenset()
    ) -> None:
        self.world = world
        self.card = card
        self.devices = [] if DigitizerFault.MISSING in faults else [DEVICE]
        self._board = Board(world, card, overflows=DigitizerFault.SAMPLES_LOST in faults)
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
