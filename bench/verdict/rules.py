"""Decision rules for a value with an uncertainty against a limit (ILAC-G8:09/2019).

``simple acceptance`` compares the value alone (a guard band of zero, section 4.2.1). ``guard band``
takes the expanded uncertainty U as the guard band on both sides and knows four outcomes (the
non-binary statement with guard bands, section 4.2.3): pass, conditional pass, conditional fail,
fail.
"""

from dataclasses import dataclass
from enum import StrEnum


class Rule(StrEnum):
    """How a value is compared with a limit."""

    SIMPLE = "simple acceptance"
    GUARD_BAND = "guard band"


class Outcome(StrEnum):
    """What came of a comparison."""

    PASS = "pass"
    CONDITIONAL_PASS = "conditional pass"
    CONDITIONAL_FAIL = "conditional fail"
    FAIL = "fail"

    @property
    def passed(self) -> bool:
        """Whether the limit counts as kept."""
        return self in (Outcome.PASS, Outcome.CONDITIONAL_PASS)


@dataclass(frozen=True)
class Judgement:
    """A value judged by a limit; `margin` is positive on the right side, in the limit's unit."""

    quantity: str
    unit: str
    value: float
    expanded_uncertainty: float
    bound: str
    limit: float
    rule: Rule
    outcome: Outcome
    margin: float
    source: str

    def __str__(self) -> str:
        sign = ">=" if self.bound == "min" else "<="
        spread = f" ± {self.expanded_uncertainty:.3g}" if self.expanded_uncertainty else ""
        unit = "" if self.unit == "1" else f" {self.unit}"
        return (
            f"{self.quantity} {self.value:.6g}{spread}{unit}, "
            f"wanted {sign} {self.limit:.6g}{unit}: {self.outcome} by {self.rule} "
            f"(margin {self.margin:+.3g}{unit}; limit from: {self.source})"
        )


def decide(margin: float, expanded_uncertainty: float, rule: Rule) -> Outcome:
    """The outcome for a value that is `margin` on the right side of its limit (same unit)."""
    if rule is Rule.SIMPLE:
        return Outcome.PASS if margin >= 0 else Outcome.FAIL
    if margin >= expanded_uncertainty:
        return Outcome.PASS
    if margin >= 0:
        return Outcome.CONDITIONAL_PASS
    return Outcome.CONDITIONAL_FAIL if margin >= -expanded_uncertainty else Outcome.FAIL
