"""The gate: a quantity of every variant against its baseline, at one false-discovery rate."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from scipy import stats

from bench.verdict.comparison import Ratio


class Change(StrEnum):
    """What became of a quantity since its baseline."""

    BETTER = "better"
    SAME = "same"
    WORSE = "worse"
    INCONCLUSIVE = "inconclusive"


def fails(change: str, *, strict: bool) -> bool:
    """Whether a change fails a gate; a `strict` one also where nobody can tell."""
    return change == Change.WORSE or (strict and change == Change.INCONCLUSIVE)


@dataclass(frozen=True)
class Compared:
    """A ratio judged.

    Attributes:
        ratio: What was judged.
        adjusted_p: Its p-value after the control of false discoveries; of what is the same, 1.
        change: The outcome.
    """

    ratio: Ratio
    adjusted_p: float
    change: Change


def judge_ratios(ratios: Mapping[str, Ratio], margin: float, level: float) -> dict[str, Compared]:
    """Judge one quantity's ratios over a matrix together; above 1 is worse.

    A ratio whose interval lies within the margin is the same. Beyond that it is better or worse if
    its p-value passes the control of the false-discovery rate (Y. Benjamini and Y. Hochberg, 1995,
    J. R. Statist. Soc. B 57, 289-300), and inconclusive if not.

    What is the same is no discovery, however surely it has changed, so it takes part with a p-value
    of 1. With its own, many changes that do not matter would make room for false alarms elsewhere:
    the rate would hold for all that is not equal, not for what is called better or worse.

    Args:
        ratios: By name.
        margin: Relative change that does not matter.
        level: The false-discovery rate.
    """
    if not ratios:
        return {}
    adjusted = stats.false_discovery_control(
        [1.0 if ratio.within(margin) else ratio.p for ratio in ratios.values()]
    )
    compared = {}
    for (name, ratio), p in zip(ratios.items(), adjusted, strict=True):
        if ratio.within(margin):
            change = Change.SAME
        elif p > level:
            change = Change.INCONCLUSIVE
        else:
            change = Change.WORSE if ratio.value > 1.0 else Change.BETTER
        compared[name] = Compared(ratio, float(p), change)
    return compared
