"""What tasks share, and what one of them is at while it runs."""

from dataclasses import dataclass

from bench.twin.card import Card
from bench.twin.daq.origin import Origin
from bench.twin.noise import Occasions
from bench.twin.world import NoiseKey, World


@dataclass(eq=False)
class Board:
    """The card in its world, and the name of the task that has it reserved.

    Attributes:
        overflows: Whether its memory overflows before samples are fetched, as a fault.
    """

    world: World
    card: Card
    overflows: bool = False
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
