"""Table 1 of the paper as data: the networks, the activities and the compression techniques."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

ACTIVITIES = (
    "walking",
    "walking upstairs",
    "walking downstairs",
    "sitting",
    "standing",
    "laying",
)
"""UCI-HAR's labels 1 to 6 in order; in this project a label is an index into this tuple."""

WINDOW_SAMPLES = 128
"""Samples in a window: 2.56 s at 50 Hz (UCI-HAR)."""
CHANNELS = 6
"""Total acceleration x, y, z in g, then angular rate x, y, z in rad/s."""


class Technique(StrEnum):
    """A compression technique, named as in the paper's Table 3."""

    LITE = "L"
    DYNAMIC = "D"
    FULL_INTEGER = "F"


BASE = "base"
"""The Keras model itself: a reference that has an accuracy only."""


@dataclass(frozen=True)
class Network:
    """A row of Table 1, or a network of a user's own in one of its two families.

    Family C is the 1D_CNN of the paper's section 3.1, family CL the 1D_CNN_LSTM.

    Attributes:
        name: Such as ``C_5``.
        filters: Filters of the convolution (the ``F`` of the paper's structure).
        kernel: Its length in samples (``K``).
        dense: Units of the first dense layer (``D``).
        pool: Length of the max-pooling; family C only.
        lstm: Units of the LSTM (``H``); a network that has them is of family CL.
        lstm_output: Whether the dense layer sees the LSTM's last state, as the paper's text
            reads, or the whole flattened sequence.
    """

    name: str
    filters: int
    kernel: int
    dense: int
    pool: int = 2
    lstm: int | None = None
    lstm_output: Literal["last", "sequence"] = "last"

    @property
    def family(self) -> Literal["C", "CL"]:
        """``CL`` for a network with an LSTM, else ``C``."""
        return "C" if self.lstm is None else "CL"


def _table_1() -> tuple[Network, ...]:
    cnn = ((1, 1), (2, 2), (3, 4), (4, 8), (5, 10), (6, 16), (7, 20), (8, 32))
    cnn_lstm = ((1, 2, 16), (2, 4, 16), (3, 8, 16), (4, 16, 4), (5, 16, 8), (6, 16, 16))
    return (
        *(Network(f"C_{i}", filters=f, kernel=3, dense=100) for i, f in cnn),
        *(Network(f"CL_{i}", filters=f, kernel=3, lstm=h, dense=256) for i, f, h in cnn_lstm),
    )


NETWORKS = {network.name: network for network in _table_1()}
"""The paper's Table 1."""


@dataclass(frozen=True)
class Variant:
    """A network under a technique, such as ``C_5-D``."""

    network: Network
    technique: Technique

    @property
    def name(self) -> str:
        """The variant's name in test ids, limits and reports."""
        return f"{self.network.name}-{self.technique}"
