"""The table of accuracies: what a network and its compressions reach on subjects never seen.

Everything is over folds: each subject is tested by the network that has not learned from it, the
accuracy is the mean of the folds', and its interval comes from drawing subjects anew within each
fold. The drop of a technique against the base is drawn with the same subjects for both, so that
what the two have in common cancels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.catalog import BASE, Technique
from models.manifest import Measured

COLUMNS = (BASE, *Technique)
_RESAMPLES = 10_000
_TAILS = (0.025, 0.975)


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Row:
    """A network, as the base or under a technique, over folds.

    Attributes:
        network: Its name.
        technique: ``base``, L, D or F.
        accuracy: Mean of the folds' accuracies, as a fraction.
        folds: Each fold's accuracy.
        spread: Standard deviation over subjects of their accuracies.
        drop: Accuracy lost against the base (negative where it gained); None for the base itself.
    """

    network: str
    technique: str
    accuracy: Estimate
    folds: tuple[float, ...]
    spread: float
    drop: Estimate | None


def rows(network: str, folds: Sequence[Mapping[str, Measured]]) -> list[Row]:
    """The rows of one network: base first, then the techniques that every fold has.

    Args:
        network: Its name.
        folds: For each fold what was measured by column: ``base``, L, D, F.
    """
    found = []
    base = _drawn([fold[BASE] for fold in folds])
    for column in COLUMNS:
        if all(column in fold for fold in folds):
            measured = [fold[column] for fold in folds]
            drawn = _drawn(measured)
            mean = _mean(measured)
            scores = [score.accuracy for one in measured for score in one.per_subject.values()]
            lost = _estimate(_mean([fold[BASE] for fold in folds]) - mean, base - drawn)
            found.append(
                Row(
                    network=network,
                    technique=column,
                    accuracy=_estimate(mean, drawn),
                    folds=tuple(one.accuracy for one in measured),
                    spread=float(np.std(scores, ddof=1)) if len(scores) > 1 else 0.0,
                    drop=None if column == BASE else lost,
                )
            )
    return found


def markdown(table: Sequence[Row]) -> str:
    """The table as GitHub's Markdown; accuracies in percent, drops in points."""
    count = max((len(row.folds) for row in table), default=1)
    over = "accuracy" if count == 1 else f"mean of {count} folds"
    each = [] if count == 1 else [f"fold {number}" for number in range(count)]
    head = ["network", "", over, "95 %", "over subjects", *each, "drop", "95 %"]
    lines = [_line(head), _line(["---", "---", *["---:"] * (len(head) - 2)])]
    return "\n".join([*lines, *(_line(cells(row)) for row in table)]) + "\n"


def cells(row: Row) -> list[str]:
    """A row as text, in the order of `markdown`'s columns."""
    each = [] if len(row.folds) == 1 else [f"{100 * fold:.1f}" for fold in row.folds]
    drop = ["", ""] if row.drop is None else _percent(row.drop, "+.2f")
    return [
        row.network,
        row.technique,
        *_percent(row.accuracy, ".2f"),
        f"± {100 * row.spread:.1f}",
        *each,
        *drop,
    ]


def _mean(folds: Sequence[Measured]) -> float:
    return float(np.mean([fold.accuracy for fold in folds]))


def _drawn(folds: Sequence[Measured]) -> NDArray[np.float64]:
    """(resamples,) means over folds; the same draw of subjects for the same subjects."""
    draw = np.random.default_rng(0)
    means = []
    for fold in folds:
        scores = [fold.per_subject[subject] for subject in sorted(fold.per_subject)]
        windows = np.array([score.windows for score in scores])
        correct = np.array([score.correct for score in scores])
        chosen = draw.integers(len(scores), size=(_RESAMPLES, len(scores)))
        means.append(correct[chosen].sum(axis=1) / windows[chosen].sum(axis=1))
    drawn: NDArray[np.float64] = np.mean(means, axis=0)
    return drawn


def _estimate(value: float, drawn: NDArray[np.float64]) -> Estimate:
    low, high = np.quantile(drawn, _TAILS)
    return Estimate(value, float(low), float(high))


def _percent(estimate: Estimate, form: str) -> list[str]:
    value, low, high = (
        format(100 * part, form) for part in (estimate.value, estimate.low, estimate.high)
    )
    return [value, f"{low} to {high}"]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
