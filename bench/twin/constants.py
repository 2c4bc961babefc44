"""The constants of the twin's model of the device's time and current, read from their one file."""

import functools
import tomllib
from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["data sheet", "measured elsewhere", "counted", "derived", "assumed"]


class Constant(BaseModel):
    """A value with its unit, its stated uncertainty and what it rests on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float
    low: float | None = None
    high: float | None = None
    unit: str
    kind: Kind
    source: str = Field(min_length=1)

    def at(self, setting: Literal["low", "value", "high"]) -> float:
        """The central value, or an end of the stated uncertainty (the value where none is)."""
        chosen = {"low": self.low, "value": self.value, "high": self.high}[setting]
        return self.value if chosen is None else chosen


class Cache(BaseModel):
    """The flash cache of one CPU."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bytes: Constant
    ways: Constant
    line: Constant
    code: Constant


class Currents(BaseModel):
    """Currents of the module by CPU clock in MHz, in light sleep, and of the sensor."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    idle: dict[str, Constant]
    active: dict[str, Constant]
    stalled: dict[str, Constant]
    light_sleep: Constant
    sensor: Constant


class Live(BaseModel):
    """What is between light sleep and a sample, and the sensor's memory."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    wake: Constant
    bus_byte: Constant
    fifo: Constant


class Constants(BaseModel):
    """The file ``constants.toml``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cycles: dict[str, Constant]
    cache: Cache
    line_fill: dict[str, Constant]
    current: Currents
    live: Live


@functools.cache
def constants() -> Constants:
    """The constants that are shipped with the twin."""
    text = resources.files("bench.twin").joinpath("constants.toml").read_text(encoding="utf-8")
    return Constants.model_validate(tomllib.loads(text))
