"""What a data acquisition card must be able to do for the bench."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bench.errors import DigitizerError
from bench.station.settings import InputChannel

Floats: TypeAlias = NDArray[np.float64]


class TriggerMissingError(DigitizerError):
    """The samples around the trigger did not come: there was no trigger, or it came too late."""


class SamplesLostError(DigitizerError):
    """Samples were overwritten before they were read, or fewer came than were asked for."""


@dataclass(frozen=True)
class Recording:
    """Samples taken together.

    Attributes:
        rate: Samples per s of each channel, as the card made it.
        trigger_index: Index of the first sample after the trigger; 0 without one.
        samples: Shape (channels, samples) in V, rows in the order in which they were asked for.
    """

    rate: float
    trigger_index: int
    samples: Floats


class Acquisition(Protocol):
    """An armed recording around a trigger; leaving its context disarms it."""

    def read(self) -> Recording:
        """Wait for the trigger and the samples after it, and return all.

        Raises:
            TriggerMissingError: They did not come in time.
            SamplesLostError: Not all of them are there.
            DigitizerError: Any other error of the driver, with its code.
        """

    def __enter__(self) -> Self: ...
    def __exit__(self, *exception: object) -> None: ...


class Stream(Protocol):
    """A running recording without end; leaving its context stops it."""

    @property
    def rate(self) -> float:
        """Samples per s of each channel, as the card made it."""

    def __iter__(self) -> Iterator[Floats]:
        """Blocks without gaps, each of shape (channels, block) in V.

        Raises:
            SamplesLostError: The blocks were not fetched in time.
            DigitizerError: Any other error of the driver, with its code.
        """

    def __enter__(self) -> Self: ...
    def __exit__(self, *exception: object) -> None: ...


class Digitizer(Protocol):
    """A card with differential analogue inputs and a digital trigger.

    Whatever is asked may raise a `DigitizerError` with the driver's code.
    """

    @property
    def identity(self) -> str:
        """Product type and serial number as the driver reports them (no unit)."""

    def arm(
        self, inputs: Sequence[InputChannel], *, rate: float, before: int, after: int, trigger: str
    ) -> Acquisition:
        """Wait for the rising edge on `trigger` with a finite recording around it.

        Args:
            inputs: Differential channels, sampled together.
            rate: Samples per s of each.
            before: Samples of each before the trigger, at least 2.
            after: Samples of each after it.
            trigger: Line such as ``PFI0``.
        """

    def sample(self, inputs: Sequence[InputChannel], *, rate: float, count: int) -> Recording:
        """Take `count` samples of each channel, now."""

    def stream(self, inputs: Sequence[InputChannel], *, rate: float, block: int) -> Stream:
        """Start to sample without end, to be fetched in blocks of `block` samples of each."""

    def close(self) -> None:
        """Close the connection; never fails."""
