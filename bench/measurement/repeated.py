"""Windows of one variant, repeated, and their means."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from bench.errors import MeasurementError
from bench.measurement.energy import WindowEnergy


@dataclass(frozen=True)
class Series:
    """Windows of one variant on one station.

    Attributes:
        windows: At least one; all with the same circuit and number of inferences.
        inferences: In each window.
        idle: Stretches of waiting, measured before and after, or none.
        power_cycles: In which the windows were measured, the same number in each, in order.

    Raises:
        MeasurementError: It is none of that.
    """

    windows: Sequence[WindowEnergy]
    inferences: int
    idle: Sequence[WindowEnergy] = ()
    power_cycles: int = 1

    def __post_init__(self) -> None:
        circuits = {window.circuit for window in (*self.windows, *self.idle)}
        if not self.windows or self.inferences < 1 or len(circuits) != 1:
            raise MeasurementError(
                f"series: {len(self.windows)} windows of {self.inferences} inferences with "
                f"{len(circuits)} circuits; wanted at least one window and inference, one circuit"
            )
        if self.power_cycles < 1 or len(self.windows) % self.power_cycles:
            raise MeasurementError(
                f"series: {len(self.windows)} windows in {self.power_cycles} power cycles; wanted "
                "the same number of windows in each"
            )

    @property
    def replicates(self) -> list[float]:
        """Independent energies of a window in J: the power cycles' means if there are several.

        Windows of one power cycle have more in common with each other than with those of another.
        """
        energies = [window.energy for window in self.windows]
        if self.power_cycles == 1:
            return energies
        each = len(energies) // self.power_cycles
        return [fmean(energies[first : first + each]) for first in range(0, len(energies), each)]


@dataclass(frozen=True)
class Mean:
    """Means over windows of what their energy is a linear function of."""

    ohm: float
    samples: float
    seconds: float
    supply: float
    shunt: float
    product: float
    square: float
    stored: float
    energy: float
    power_step: float

    @classmethod
    def of(cls, windows: Sequence[WindowEnergy]) -> "Mean":
        """The means over at least one window, all of the same circuit."""
        names = ("samples", "seconds", "supply", "shunt", "product", "square", "stored", "energy")
        means = {name: fmean(getattr(window, name) for window in windows) for name in names}
        step = fmean(window.end.power - window.begin.power for window in windows)
        ohm = windows[0].circuit.shunt
        return cls(ohm=ohm, power_step=step / ohm, **means)
