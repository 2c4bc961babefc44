"""Live operation."""

from bench.report.record.base import Count, Figure, Magnitude, Positive, Record
from bench.report.record.measurement import EstimateRecord


class LiveRecord(Record):
    """Live operation: the sensor is sampled at 50 Hz, a window of 128 samples inferred every 64.

    Attributes:
        idle_state: What the device does between two samples, as it says.
        windows: That it classified.
        samples: That it took from its sensor.
        gaps: After which it began a window afresh.
        lost: Samples that the sensor dropped because they were not fetched.
        predictions: The class of each window.
        offline: What the evaluation's runtime makes of the same samples; empty on hardware.
        rate: Of the sensor in Hz, by the card's clock.
        duty: Share of the time in which it infers.
        power: On average over whole steps, as `current`.
        current: Through the shunt.
        battery_capacity: In C (A s).
        battery_life: In s: capacity over `current`, as a linear regulator leaves it.
        trace: File in the report's ``traces`` folder.
        sha256: Of the trace's content.
        problems: What is wrong with it, each in a sentence.
    """

    idle_state: str
    windows: Count
    samples: Count
    gaps: Count
    lost: Count
    predictions: tuple[Count, ...]
    offline: tuple[Count, ...]
    rate: Positive
    duty: Magnitude
    power: EstimateRecord
    current: EstimateRecord
    battery_capacity: Positive
    battery_life: Figure
    trace: str
    sha256: str
    problems: tuple[str, ...]
