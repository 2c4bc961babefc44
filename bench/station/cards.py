"""What the supported data acquisition cards can do, for checks before anything is armed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CardLimits:
    """Limits of a card's analogue input.

    Attributes:
        model: Product type as NI-DAQmx reports it.
        single_rate: Highest rate with one channel, in samples per s.
        aggregate_rate: Highest sum of the rates of several channels, in samples per s.
        ranges: Full scales in V; each range runs from minus to plus its full scale.
        channels: Channels that can be used differentially, ``ai0`` upwards.
        trigger_lines: Programmable function inputs, ``PFI0`` upwards.
        bits: Resolution of the converter.
    """

    model: str
    single_rate: float
    aggregate_rate: float
    ranges: tuple[float, ...]
    channels: int
    trigger_lines: int
    bits: int

    def rate_limit(self, channels: int) -> float:
        """Highest rate of each of `channels` channels sampled together, in samples per s."""
        return self.single_rate if channels == 1 else self.aggregate_rate / channels


CARDS = {
    # NI 6251 specifications (M series, 16 inputs single-ended, 8 differential).
    "PCI-6251": CardLimits(
        model="PCI-6251",
        single_rate=1.25e6,
        aggregate_rate=1.0e6,
        ranges=(0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0),
        channels=8,
        trigger_lines=16,
        bits=16,
    ),
}
