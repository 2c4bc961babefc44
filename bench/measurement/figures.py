"""How wrong the parts of a station may be, as the uncertainty of an energy needs it."""

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from bench.measurement.trace import Floats

Shape: TypeAlias = Literal["rectangular", "normal"]


@dataclass(frozen=True)
class Spread:
    """The distribution of an error about zero.

    Attributes:
        size: Half-width of a rectangular distribution, standard deviation of a normal one.
        shape: Which of the two.
        dof: Degrees of freedom of `size`; with finite ones ``normal`` means a scaled t.
    """

    size: float
    shape: Shape
    dof: float = math.inf

    @property
    def standard(self) -> float:
        """Standard uncertainty (GUM 4.3.7 for the rectangular distribution)."""
        return self.size / math.sqrt(3.0) if self.shape == "rectangular" else self.size

    def draw(self, random: np.random.Generator, count: int) -> Floats:
        """`count` errors from this distribution (JCGM 101:2008, 6.4.2, 6.4.7 and 6.4.9)."""
        if self.shape == "rectangular":
            return random.uniform(-self.size, self.size, count)
        if math.isinf(self.dof):
            return random.normal(0.0, self.size, count)
        return self.size * random.standard_t(self.dof, count)


@dataclass(frozen=True)
class ChannelFigures:
    """A channel of the card in its range: its reading is (1 + gain) times the voltage, + offset.

    Attributes:
        gain: Relative to the reading.
        gain_temperature: What temperature adds to it.
        gain_warming: What warming between series of a session adds to it.
        offset: In V.
        offset_temperature: What temperature adds to it.
        linearity: Integral nonlinearity in V; acts as an offset that depends on the reading.
        drift: Of the offset between one series and the next, in V.
        noise: Random noise of one sample, V rms.
        step: Quantisation step in V.
        full_scale: The range runs from minus to plus so many V.
    """

    gain: Spread
    gain_temperature: Spread
    gain_warming: Spread
    offset: Spread
    offset_temperature: Spread
    linearity: Spread
    drift: Spread
    noise: float
    step: float
    full_scale: float


@dataclass(frozen=True)
class Figures:
    """What a station declares of its parts.

    Attributes:
        shunt: Relative, of the shunt's resistance.
        shunt_temperature: What temperature adds to it.
        shunt_warming: What warming between series of a session adds to it.
        decoupling: Relative, of the capacitance across the device.
        time_base: Relative, of the card's sampling rate.
        supply: The channel across supply and ground.
        shunt_voltage: The channel across the shunt.
    """

    shunt: Spread
    shunt_temperature: Spread
    shunt_warming: Spread
    decoupling: Spread
    time_base: Spread
    supply: ChannelFigures
    shunt_voltage: ChannelFigures
