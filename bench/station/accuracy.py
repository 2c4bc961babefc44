"""How wrong a station's parts may be: the figures that the uncertainty of a result rests on.

They stand in the station file until calibration records take their place.
"""

import math
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from bench.station.quantities import AMPERE, RATIO, VOLT, Quantity

EXPANDED_COVERAGE = 2.0
"""Coverage factor of a ``normal`` limit: certificates state expanded uncertainties with k = 2."""

Ratio = Annotated[float, Quantity(RATIO, 0.0, 1.0)]
Volts = Annotated[float, Quantity(VOLT)]
Amperes = Annotated[float, Quantity(AMPERE)]
Distribution = Literal["normal", "rectangular"]


class Figures(BaseModel):
    """A part of a file: read-only, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Tolerance(Figures):
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


class RangeAccuracy(Figures):
    """Limits of error of one range of the card, after NI's accuracy model; all rectangular.

    Temperature terms are folded in: residual error plus coefficient times the temperature change
    since the last calibration that the file's author allows for.

    Attributes:
        range: Full scale in V; the range runs from minus to plus this.
        gain: Limit of the gain error, a fraction of the reading.
        offset: Limit of the offset error, a fraction of the range.
        inl: Limit of the integral non-linearity, a fraction of the range.
        noise: Random noise of one sample, V rms.
    """

    range: Volts
    gain: Ratio
    offset: Ratio
    inl: Ratio
    noise: Volts


class Accuracy(Figures):
    """The section ``[accuracy]`` of a station file.

    Attributes:
        source: Where the figures come from, for the report.
        verified: Whether somebody has checked them against certificates; else results are
            marked uncalibrated.
        shunt: Of the shunt's resistance.
        decoupling: Of the decoupling's capacitance.
        time_base: Of the card's sample clock.
        readback_gain: Of the supply's own current reading, relative to it.
        readback_offset: Of the same, limit of a rectangular distribution in A.
        ranges: One entry for each range of the card in use.
    """

    source: str = Field(min_length=1)
    verified: bool
    shunt: Tolerance
    decoupling: Tolerance
    time_base: Tolerance
    readback_gain: Tolerance
    readback_offset: Amperes
    ranges: Annotated[tuple[RangeAccuracy, ...], Field(strict=False, min_length=1)]

    def of_range(self, full_scale: float) -> RangeAccuracy:
        """The entry for the range of plus and minus `full_scale` V.

        Raises:
            KeyError: No such entry; a `Station` holds one for each of its channels.
        """
        for entry in self.ranges:
            if entry.range == full_scale:
                return entry
        raise KeyError(f"no accuracy for the range of {full_scale} V")
