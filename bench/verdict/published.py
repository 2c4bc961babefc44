"""The paper's tables, as data that is shipped with the bench."""

import functools
import tomllib
from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict

ClaimVerdict = Literal["agrees", "contradicts", "undecided", "calibrated"]
"""On what was published; ``calibrated``: agrees because a constant was taken from that figure."""


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


DATASET = "uci-har"
"""The data set that the paper is about."""


def why_not_comparable(dataset: str) -> str:
    """Why results on a data set are not compared with the paper's; empty where they are."""
    if dataset == DATASET:
        return ""
    return f"the paper is about UCI-HAR, this run is on the {dataset} data set"


@functools.cache
def published() -> Published:
    """What the paper publishes."""
    text = resources.files("bench.verdict").joinpath("published.toml").read_text(encoding="utf-8")
    return Published.model_validate(tomllib.loads(text))
