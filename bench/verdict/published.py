"""The paper's tables, as data that is shipped with the bench."""

import functools
import tomllib
from importlib import resources

from pydantic import BaseModel, ConfigDict


class Range(BaseModel):
    """A published range."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: float
    high: float


class Published(BaseModel):
    """Tables 2 and 3 by network, then technique (or ``base``), and the text's ranges."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table2: dict[str, dict[str, float]]
    table3: dict[str, dict[str, bool]]
    full_integer_accuracy_drop: Range


@functools.cache
def published() -> Published:
    """What the paper publishes."""
    text = resources.files("bench.verdict").joinpath("published.toml").read_text(encoding="utf-8")
    return Published.model_validate(tomllib.loads(text))
