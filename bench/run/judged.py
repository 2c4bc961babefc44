"""Judgements as a test asserts them: every outcome has one fate in pytest."""

import warnings
from dataclasses import dataclass

from bench.report.record import ComparisonRecord
from bench.verdict.gate import fails
from bench.verdict.rules import Judgement, Outcome


class VerdictWarning(UserWarning):
    """A verdict that a person should look at although the test passed."""


class LimitNotKept(AssertionError):  # noqa: N818  # an outcome of the variant, no error of the bench
    """A limit is not kept; the message has value, limit and rule."""


class BecameWorse(AssertionError):  # noqa: N818  # an outcome of the variant, no error of the bench
    """A variant is worse than its baseline; the message has both values and the interval."""


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


@dataclass(frozen=True)
class Changes:
    """A variant against its baseline.

    Attributes:
        name: Of the variant.
        comparisons: Of every quantity.
        strict: Whether what cannot be told from worse fails.
    """

    name: str
    comparisons: tuple[ComparisonRecord, ...]
    strict: bool

    def check(self) -> None:
        """Raise where something became worse; warn or raise where nobody can tell.

        Raises:
            BecameWorse: With each quantity that did.
        """
        failed = [str(c) for c in self.comparisons if fails(c.change, strict=self.strict)]
        if failed:
            raise BecameWorse(f"{self.name}: " + "; ".join(failed))
        for comparison in self.comparisons:
            if comparison.change == "inconclusive":
                warnings.warn(f"{self.name}: {comparison}", VerdictWarning, stacklevel=2)
