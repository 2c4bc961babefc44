"""What tasks share, and what one of them is at while it runs."""

from dataclasses import dataclass

from bench.twin.card import Card
from bench.twin.daq.errors import Code
from bench.twin.daq.origin import Origin
from bench.twin.noise import Occasions
from bench.twin.world import NoiseKey, World


@dataclass(eq=False)
class Board:
    """The card in its world, and the name of the task that has it reserved.

    Attributes:
        failure: Error in which every reading of samples ends, as a fault.
        dropped: Samples that are missing in the middle of each recording, as a fault.
    """

    world: World
    card: Card
    failure: Code | None = None
    dropped: int = 0
    user: str | None = None

    def __post_init__(self) -> None:
        self.occasions = Occasions(self.world)


@dataclass(eq=False)
class Run:
    """A started acquisition.

    Attributes:
        begun: Simulated time in s at which it was armed.
        past: `World.past` then; more has passed since if the world was begun anew.
        key: Of the noise, unless a trigger brings its own.
        automatic: Started by a read, which therefore also ends it.
        origin: Known once it was triggered.
        position: How many samples of each channel were read.
    """

    begun: float
    past: float
    key: NoiseKey
    automatic: bool
    origin: Origin | None = None
    position: int = 0
