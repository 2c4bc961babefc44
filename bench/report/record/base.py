"""What every part of a record is, and what its figures may be.

Whoever reads a record divides by its figures, squares them and draws them, so a record has none
with which that ends in nothing: no bench comes near the bounds.
"""

from typing import Annotated

from pydantic import AfterValidator, AllowInfNan, BaseModel, ConfigDict, Field

LEAST, MOST = 1e-15, 1e15
"""Bounds of the magnitude of a figure in SI units."""


class Record(BaseModel):
    """Part of a record: its values never change, no key is unknown, and a float is a number."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", ser_json_inf_nan="strings", allow_inf_nan=False
    )


def _is_something(value: float) -> float:
    if value < LEAST:
        raise ValueError(f"wanted at least {LEAST:g}")
    return value


Figure = Annotated[float, Field(ge=-MOST, le=MOST)]
"""A figure of either sign."""
Magnitude = Annotated[float, Field(ge=0.0, le=MOST)]
"""A figure that may be zero, such as an uncertainty."""
Positive = Annotated[float, Field(gt=0.0, le=MOST), AfterValidator(_is_something)]
"""A figure that is divided by."""
Share = Annotated[float, Field(ge=0.0, le=1.0)]
"""A share of something, such as an accuracy."""
Count = Annotated[int, Field(ge=0, lt=2**63)]
"""How many, or how many bytes."""
PositiveCount = Annotated[int, Field(gt=0, lt=2**63)]
"""How many, at least one."""
Unbounded = Annotated[float, AllowInfNan(True)]
"""A figure that may be infinite, such as degrees of freedom."""
