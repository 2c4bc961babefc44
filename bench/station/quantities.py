"""Quantities as people write them (``300 mA``, ``100 kS/s``) and the SI numbers that they mean.

A quantity in a station file is text with a unit: a bare number would leave the reader to guess,
and a wrong unit is an error. Inside the program it is a plain ``float`` in SI units.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

_PREFIXES = {"p": -12, "n": -9, "u": -6, "µ": -6, "μ": -6, "m": -3, "": 0, "k": 3, "M": 6}
_TEXT = re.compile(r"\s*([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*(\S+)\s*")


@dataclass(frozen=True)
class Unit:
    """A unit of measurement and the spellings that files may use for it.

    Attributes:
        symbol: The unit of the SI number, as messages show it.
        name: What it measures, for messages.
        exponents: Each accepted spelling and the power of ten that leads from it to `symbol`.
        example: A text that is right, for messages.
    """

    symbol: str
    name: str
    exponents: Mapping[str, int] = field(hash=False)
    example: str


def _si(symbol: str, name: str, example: str, *aliases: str) -> Unit:
    spellings = (symbol, *aliases)
    exponents = {p + s: power for s in spellings for p, power in _PREFIXES.items()}
    return Unit(symbol, name, exponents, example)


VOLT = _si("V", "voltage", "3.3 V")
AMPERE = _si("A", "current", "300 mA")
OHM = _si("ohm", "resistance", "9.8 ohm", "\u03a9", "\u2126")
FARAD = _si("F", "capacitance", "10 uF")
SECOND = _si("s", "time", "2 s")
SAMPLES_PER_SECOND = _si("S/s", "sample rate", "100 kS/s")
KELVIN = _si("K", "difference of temperature", "5 K")
CELSIUS = Unit("degC", "temperature", {"degC": 0, "°C": 0}, "23 degC")
RATIO = Unit("", "ratio", {"%": -2, "ppm": -6}, "0.1 %")
PER_KELVIN = Unit("/K", "temperature coefficient", {"/K": 0, "ppm/K": -6}, "20 ppm/K")


def parse_quantity(text: str, unit: Unit) -> float:
    """The number in SI units (a ratio as a fraction) that `text` means in `unit`.

    Raises:
        ValueError: The text is no number with one of the unit's spellings, or no finite one.
    """
    match = _TEXT.fullmatch(text)
    exponent = unit.exponents.get(match[2]) if match else None
    if match is None or exponent is None:
        raise ValueError(f'"{text}" is not a {unit.name}: write a text such as "{unit.example}"')
    # Through Decimal, so that "300 mA" is the float nearest to 0.3 and no other.
    try:
        number = float(Decimal(match[1]).scaleb(exponent))
    except ArithmeticError:  # beyond even a Decimal
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f'"{text}" is beyond any {unit.name}: write one such as "{unit.example}"')
    return number


def format_quantity(value: float, unit: Unit) -> str:
    """`value`, in SI units, as text that `parse_quantity` turns back into the same number."""
    if unit is RATIO:
        return f"{Decimal(repr(value)).scaleb(2).normalize():f} %"
    return f"{value!r} {unit.symbol}"


@dataclass(frozen=True)
class WithUnit:
    """Marks a field of a file as a quantity: ``Annotated[float, WithUnit(VOLT, 0, 3.6)]``.

    The file holds text with a unit; the model holds SI units; both limits, in SI units, belong to
    the range. Numbers are refused. Serialised, it is text again.
    """

    unit: Unit
    low: float = 0.0
    high: float = math.inf

    def parse(self, value: object) -> float:
        """Turn what the file holds into SI units.

        Raises:
            ValueError: It is no text, has a wrong unit or lies outside the range.
        """
        unit = self.unit
        if not isinstance(value, str):
            raise ValueError(f'{value!r} has no unit: write a text such as "{unit.example}"')
        number = parse_quantity(value, unit)
        if not self.low <= number <= self.high:
            raise ValueError(f'"{value}" is outside {self._range()}')
        return number

    def _range(self) -> str:
        if math.isinf(self.high):
            return f"the range from {format_quantity(self.low, self.unit)} up"
        low, high = (format_quantity(limit, self.unit) for limit in (self.low, self.high))
        return f"the range from {low} to {high}"

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(
            self.parse,
            handler(source),
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda value: format_quantity(value, self.unit),
                return_schema=core_schema.str_schema(),
            ),
        )
