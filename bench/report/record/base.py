"""What every part of a record is."""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """Part of a record: its values never change, and no key is unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")
