"""A run compared with a baseline."""

from typing import Literal

from pydantic import Field

from bench.report.record.base import Figure, Record, Share


class ComparisonRecord(Record):
    """A quantity of a variant against its baseline.

    Attributes:
        variant: Its name.
        quantity: ``energy``, ``latency``, ``bytes``, ``arena`` or ``accuracy``.
        unit: Of `baseline` and `value`.
        baseline: Value in the baseline.
        value: Value in this run.
        ratio: Of this run to the baseline, by power cycles where there are any.
        low: Lower end of the ratio's confidence interval.
        high: Upper end.
        adjusted_p: P-value of no change after the control of false discoveries over the matrix;
            1 of what is the same.
        method: How the interval was found.
        change: ``better``, ``same``, ``worse`` or ``inconclusive``.
    """

    variant: str
    quantity: str
    unit: str
    baseline: Figure
    value: Figure
    ratio: float
    low: float
    high: float
    adjusted_p: Share
    method: str
    change: Literal["better", "same", "worse", "inconclusive"]

    def __str__(self) -> str:
        unit = "" if self.unit == "1" else f" {self.unit}"
        spread = (
            f" ({self.low - 1.0:+.2%} to {self.high - 1.0:+.2%})" if self.low < self.high else ""
        )
        return (
            f"{self.quantity} {self.change}: {self.value:.6g}{unit}, baseline "
            f"{self.baseline:.6g}{unit}, {self.ratio - 1.0:+.2%}{spread}, adjusted p "
            f"{self.adjusted_p:.2g} by {self.method}"
        )


class GateRecord(Record):
    """A run compared with a baseline.

    Attributes:
        baseline: Name of the baseline's file.
        started: When the baseline was run.
        margin: Relative change that counts as none.
        level: Error probability of the intervals, and the false-discovery rate.
        between_sessions: Relative standard deviation between sessions, and where it is from.
        skipped: Why nothing was compared, or empty.
        left_out: Variants that were not compared, with the reason.
        comparisons: All that were, quantity by quantity.
    """

    baseline: str
    started: str = ""
    margin: float | None = None
    level: float | None = None
    between_sessions: str = ""
    skipped: str = ""
    left_out: dict[str, str] = Field(default_factory=dict)
    comparisons: tuple[ComparisonRecord, ...] = ()

    def of(self, variant: str) -> tuple[ComparisonRecord, ...]:
        """What was compared of `variant`."""
        return tuple(record for record in self.comparisons if record.variant == variant)

    def why_not(self, variant: str) -> str:
        """Why nothing of `variant` was compared; for one of which nothing was."""
        return self.skipped or self.left_out.get(variant, "not in this run")
