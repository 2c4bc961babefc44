"""What the twin's supply puts on the circuit."""

import contextlib

from bench.twin.noise import drawn
from bench.twin.world import BrownOutError, World

GAIN = 5e-4
"""Half-width of the output voltage's relative error (assumed)."""
OFFSET = 2e-3
"""Half-width of its offset in V (assumed)."""


class Source:
    """The output that feeds the circuit, with the errors of the supply with number `seed`."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        random = drawn(seed, "supply output")
        self._gain = 1.0 + float(random.uniform(-GAIN, GAIN))
        self._offset = float(random.uniform(-OFFSET, OFFSET))
        self._volts, self._limit = 0.0, 0.0

    def set(self, volts: float | None, ohms: float, limit: float) -> None:
        """Output `volts` V less what the current drops at `ohms`; None: off, terminals open.

        More than `limit` A trip it.

        The drop is that of the current now: it follows the load only from command to command.
        """
        if volts is None:
            self._world.disconnect()
            return
        ideal = volts * self._gain + self._offset if volts else 0.0
        dropped = ohms * self._world.current if ohms else 0.0
        wanted = max(0.0, ideal - dropped)
        if not self._world.on or (wanted, limit) != (self._volts, self._limit):
            self._volts, self._limit = wanted, limit
            self._world.connect(wanted, limit)

    def rest(self, seconds: float) -> None:
        """Let time pass, as a command does."""
        with contextlib.suppress(BrownOutError):  # the device's affair: it has been reset
            self._world.advance(seconds)
