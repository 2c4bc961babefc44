"""What a simulated lab sees of the steps that an owner of its supply goes through."""

import threading
import time
from collections.abc import Callable

from bench.twin.world import World

PATIENCE = 60.0
"""s until a step is given up that does not come."""


def begun(world: World) -> bool:
    """Whether an owner has spoken to the supply since the world was begun."""
    return world.now > 0.0


STEPS: dict[str, Callable[[World], bool]] = {
    "configure": lambda world: begun(world) and not world.on and world.power_cycle == 0,
    "flash": lambda world: world.on and world.power_cycle == 1,
    "console": lambda world: world.on and world.power_cycle > 1 and not world.rises,
    "capture": lambda world: world.on and world.power_cycle > 1 and bool(world.rises),
    "power off": lambda world: begun(world) and not world.on and world.power_cycle > 0,
}
"""What the lab sees of each step of a life cycle; the power cycle after flashing is `power off`."""


class Watch:
    """Is told of all that happens in a lab, in that very moment.

    Attributes:
        off: When the output last went off, in s of the monotonic clock.
        begins: Each step that owners came to, and when.
    """

    def __init__(self, world: World) -> None:
        self.off = 0.0
        self.begins: list[tuple[float, str]] = []
        self._world, self._on = world, world.on
        self._wanted, self._reached = "", threading.Event()
        self._tell = world.changed.notify_all
        world.changed.notify_all = self._told  # type: ignore[method-assign]  # to be told first

    def forget(self) -> None:
        """Begin anew, before an owner does."""
        with self._world.lock:
            self._world.begin()
            self.begins.clear()
            self._reached.clear()

    def step(self) -> str:
        """The step that an owner is in."""
        return next((name for name, sees in STEPS.items() if sees(self._world)), "idle")

    def wait_for(self, step: str) -> None:
        """Wait until an owner has come to this step; it may have gone on since."""
        with self._world.lock:
            self._wanted = step
            if any(step == begun for _, begun in self.begins):
                return
        if not self._reached.wait(PATIENCE):
            raise TimeoutError(f"no owner came to {step!r} within {PATIENCE:g} s")

    def has_come_round(self) -> bool:
        """Whether an owner is at its second life cycle."""
        return [step for _, step in self.begins].count("configure") > 1

    def _told(self) -> None:
        self._tell()
        step, on, now = self.step(), self._world.on, time.monotonic()
        if self._on and not on:
            self.off = now
        self._on = on
        if not self.begins or self.begins[-1][1] != step:
            self.begins.append((now, step))
        if step == self._wanted:
            self._reached.set()
