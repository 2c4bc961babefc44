"""What every part of a JSON file of this package is."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=0)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class FilePart(BaseModel):
    """Part of a file: its values never change, no key is unknown, and a float is finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
