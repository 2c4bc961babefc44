"""Readings corrected for the errors that a calibration has found."""

from dataclasses import dataclass, replace

from bench.measurement.trace import Floats, Trace


@dataclass(frozen=True)
class ChannelCorrection:
    """A channel reads ``(1 + gain)`` times the voltage, plus `offset` in V."""

    gain: float = 0.0
    offset: float = 0.0

    def apply(self, readings: Floats) -> Floats:
        """The voltages in V behind `readings`; without errors the readings themselves."""
        if self == ChannelCorrection():
            return readings
        return (readings - self.offset) / (1.0 + self.gain)


@dataclass(frozen=True)
class Corrections:
    """Errors that were found.

    Attributes:
        supply: Of the channel across supply and ground.
        shunt: Of the channel across the shunt.
        rate: By how much faster than nominal the sample clock runs, relative.
    """

    supply: ChannelCorrection
    shunt: ChannelCorrection
    rate: float


def corrected(trace: Trace, corrections: Corrections) -> Trace:
    """`trace` without the errors that were found; its marker needs none."""
    return replace(
        trace,
        rate=trace.rate * (1.0 + corrections.rate),
        supply=corrections.supply.apply(trace.supply),
        shunt=corrections.shunt.apply(trace.shunt),
    )
