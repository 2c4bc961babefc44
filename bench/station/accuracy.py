"""How far a value may be wrong, as files state it."""

import math
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from bench.station.quantities import RATIO, WithUnit

EXPANDED_COVERAGE = 2.0
"""Coverage factor of a ``normal`` limit: certificates state expanded uncertainties with k = 2."""

Ratio = Annotated[float, WithUnit(RATIO, 0.0, 1.0)]
Distribution = Literal["normal", "rectangular"]


class StationFilePart(BaseModel):
    """A part of a file: read-only, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Tolerance(StationFilePart):
    """A relative error that is known by its limit only.

    Attributes:
        limit: Half-width as a fraction: the bound of a rectangular distribution, or the expanded
            uncertainty (k = 2) of a normal one.
        distribution: Which of the two.
    """

    limit: Ratio
    distribution: Distribution

    @property
    def standard(self) -> float:
        """Standard uncertainty as a fraction (GUM 4.3.7 for the rectangular distribution)."""
        divisor = math.sqrt(3.0) if self.distribution == "rectangular" else EXPANDED_COVERAGE
        return self.limit / divisor

    def draw(self, generator: np.random.Generator) -> float:
        """One relative error, as a fraction, from this distribution."""
        if self.distribution == "rectangular":
            return float(generator.uniform(-self.limit, self.limit))
        return float(generator.normal(0.0, self.standard))
