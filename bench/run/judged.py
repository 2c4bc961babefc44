"""Judgements as a test asserts them: every outcome has one fate in pytest."""

import warnings
from dataclasses import dataclass

from bench.verdict.rules import Judgement, Outcome


class VerdictWarning(UserWarning):
    """A verdict that a person should look at although the test passed."""


class LimitNotKept(AssertionError):  # noqa: N818  # an outcome of the variant, no error of the bench
    """A limit is not kept; the message has value, limit and rule."""


@dataclass(frozen=True)
class Judged:
    """A case and its judgements.

    Attributes:
        name: Of the case.
        judgements: By every limit that applies.
        why_no_limits: Why none applies, or empty.
    """

    name: str
    judgements: tuple[Judgement, ...]
    why_no_limits: str = ""

    def check(self) -> None:
        """Raise for a limit that is not kept, warn where a kept one is within its guard band.

        Raises:
            LimitNotKept: With each limit that is not kept.
        """
        failed = [str(j) for j in self.judgements if not j.outcome.passed]
        if failed:
            raise LimitNotKept(f"{self.name}: " + "; ".join(failed))
        for judgement in self.judgements:
            if judgement.outcome is Outcome.CONDITIONAL_PASS:
                warnings.warn(f"{self.name}: {judgement}", VerdictWarning, stacklevel=2)
