"""Labelled windows of a recording, the form in which every data set goes through the project."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from models.catalog import ACTIVITIES, CHANNELS, WINDOW_SAMPLES
from models.errors import DatasetError


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows of 2.56 s with their labels and subjects, in the order of the recording.

    Attributes:
        x: (n, 128, 6) float32: total acceleration x, y, z in g, then angular rate x, y, z in rad/s.
        y: (n,) int64: index into ``catalog.ACTIVITIES``.
        subjects: (n,) int64: the number of the person, 1 to 30.

    Raises:
        DatasetError: A shape, a type or a label is another.
    """

    x: NDArray[np.float32]
    y: NDArray[np.int64]
    subjects: NDArray[np.int64]

    def __post_init__(self) -> None:
        n = len(self.y)
        _require("x", self.x, np.dtype(np.float32), (n, WINDOW_SAMPLES, CHANNELS))
        _require("y", self.y, np.dtype(np.int64), (n,))
        _require("subjects", self.subjects, np.dtype(np.int64), (n,))
        if n and not 0 <= self.y.min() <= self.y.max() < len(ACTIVITIES):
            raise DatasetError(
                f"windows: labels from {self.y.min()} to {self.y.max()},"
                f" wanted 0 to {len(ACTIVITIES) - 1}"
            )

    def __len__(self) -> int:
        return len(self.y)

    def of(self, subjects: Iterable[int]) -> Self:
        """The windows of these subjects alone, in unchanged order."""
        chosen = np.isin(self.subjects, list(subjects))
        return type(self)(self.x[chosen], self.y[chosen], self.subjects[chosen])

    def digest(self) -> str:
        """SHA-256 of the arrays with their types and shapes, in hexadecimal."""
        sha256 = hashlib.sha256()
        for array in (self.x, self.y, self.subjects):
            sha256.update(f"{array.dtype.str}{array.shape}".encode())
            sha256.update(np.ascontiguousarray(array).data)
        return sha256.hexdigest()


def _require(name: str, array: NDArray[Any], dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    if array.dtype != dtype or array.shape != shape:
        raise DatasetError(
            f"windows: {name} is {array.dtype} {array.shape}, wanted {dtype} {shape}"
        )
