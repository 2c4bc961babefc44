"""Chance in the twin: numbers that depend on what they are asked for, never on who asked before.

Everything follows from the station's seed. What an instrument is made with comes from `drawn`.
What happens while it measures is a function of the noise key (which window of which power cycle)
and of the sample's index since the trigger: a counter-based generator (Philox: Salmon et al.,
"Parallel random numbers: as easy as 1, 2, 3", SC 2011) starts afresh for each block of samples, so
the same sample has the same noise whatever else is read, and in whatever pieces.
"""

import hashlib
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bench.twin.circuit import Floats
from bench.twin.world import NoiseKey, World

BLOCK = 8192
"""Samples that are generated together."""
WANDER_PERIODS = (2.0, 60.0)
"""Shortest and longest period in s of a slow drift."""

Singles: TypeAlias = NDArray[np.float32]


def drawn(seed: int, *what: str | int | float) -> np.random.Generator:
    """The generator from which `what` a station is made of is drawn, once and for all."""
    return np.random.Generator(np.random.Philox(key=_digest(seed, *what)))


@dataclass(frozen=True)
class Noise:
    """The noise of a station: `seed` is the station's."""

    seed: int

    def gaussian(self, key: NoiseKey, stream: str, first: int, count: int) -> Singles:
        """Standard normal noise of the samples `first` to `first + count` (negative: before)."""
        digest = _digest(self.seed, "gaussian", stream, *key)
        block, skipped = divmod(first, BLOCK)
        blocks = range(block, (first + count - 1) // BLOCK + 1)
        if len(blocks) == 1:
            return _block(digest, block)[skipped : skipped + count]
        values = np.concatenate([_block(digest, number) for number in blocks])
        return values[skipped : skipped + count]

    def wander(self, key: NoiseKey, stream: str, times: Floats) -> Singles:
        """A slow drift of unit rms at `times` in s: a sine of random period and phase."""
        frequency, phase = _slow(_digest(self.seed, "wander", stream, *key))
        angle = (frequency * times + phase).astype(np.float32)
        wander: Singles = np.float32(math.sqrt(2.0)) * np.sin(angle)
        return wander

    def uniform(self, key: NoiseKey, stream: str) -> float:
        """One number in [0, 1)."""
        return float(drawn(self.seed, stream, *key).random())


@dataclass
class Occasions:
    """Numbers what an instrument measures without a trigger, afresh in each power cycle."""

    world: World
    _cycle: tuple[float, int] = (0.0, 0)
    _count: int = 0

    def next(self, what: str) -> NoiseKey:
        """The key of the noise of one more occasion."""
        cycle = (self.world.past, self.world.power_cycle)
        self._count = self._count + 1 if cycle == self._cycle else 1
        self._cycle = cycle
        return (self.world.identity, self.world.power_cycle, what, self._count)


def _digest(*what: str | int | float) -> int:
    return int.from_bytes(hashlib.blake2b(repr(what).encode(), digest_size=16).digest())


@lru_cache(maxsize=64)
def _slow(digest: int) -> tuple[float, float]:
    """Angular frequency in rad/s and phase in rad."""
    random = np.random.Generator(np.random.Philox(key=digest))
    shortest, longest = (math.log(period) for period in WANDER_PERIODS)
    period = math.exp(random.uniform(shortest, longest))
    return 2.0 * math.pi / period, random.uniform(0.0, 2.0 * math.pi)


@lru_cache(maxsize=64)
def _block(digest: int, block: int) -> Singles:
    counter = (block % 2**64) << 128
    random = np.random.Generator(np.random.Philox(key=digest, counter=counter))
    values = random.standard_normal(BLOCK, dtype=np.float32)
    values.flags.writeable = False
    return values
