"""The table of accuracies: what a network and its compressions reach on subjects never seen.

Everything is over folds: each subject is tested by the network that has not learned from it, the
accuracy is the mean of the folds', and its interval comes from drawing subjects anew within each
fold. The drop of a technique against the base is drawn with the same subjects for both, so that
what the two have in common cancels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.accuracy import NotMeasured, RuntimeAccuracy
from models.bootstrap import expanded_interval, resampled
from models.catalog import BASE, Technique
from models.dataset import Dataset
from models.manifest import Manifest
from models.split import Split

COLUMNS = (BASE, *Technique)

_PAGE = """\
# Accuracy on subjects never seen

Made by `python -m models evaluate --markdown FILE`, with `--folds all` for all four folds.

Data set: {dataset}, content {digest}.

{folds}

Base is the Keras model; L, D and F are the `.tflite` files in LiteRT, and in TFLM where it takes
them. Accuracies in percent of the test windows, the mean of the folds. 95 %: bootstrap over the
subjects of each fold, expanded for their small number. Subjects: standard deviation of the accuracy
over subjects. Drop: points lost against base, its interval with the same subjects drawn for both.

{table}"""


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Evaluated:
    """What was measured of the base or of one variant.

    Attributes:
        reference: In Keras for the base, in LiteRT for a variant.
        tflm: In TFLM, or why not; None for the base.
    """

    reference: RuntimeAccuracy
    tflm: RuntimeAccuracy | NotMeasured | None = None

    @classmethod
    def of(cls, manifest: Manifest) -> Self:
        """What the manifest of a variant says."""
        return cls(manifest.accuracy.litert, manifest.accuracy.tflm)


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
        tflm: Accuracy in TFLM, or why there is none.
    """

    network: str
    technique: str
    accuracy: Estimate
    folds: tuple[float, ...]
    spread: float
    drop: Estimate | None
    tflm: float | str


def rows(network: str, folds: Sequence[Mapping[str, Evaluated]]) -> list[Row]:
    """The rows of one network: base first, then the techniques that every fold has.

    Args:
        network: Its name.
        folds: For each fold what was measured by column: ``base``, L, D, F.
    """
    base = [fold[BASE].reference for fold in folds]
    return [
        _row(network, column, [fold[column] for fold in folds], base)
        for column in COLUMNS
        if all(column in fold for fold in folds)
    ]


def _row(
    network: str, column: str, tested: Sequence[Evaluated], base: Sequence[RuntimeAccuracy]
) -> Row:
    measured = [one.reference for one in tested]
    mean, drawn = _mean(measured), _drawn(measured)
    groups = [len(one.per_subject) for one in measured]
    scores = [score.accuracy for one in measured for score in one.per_subject.values()]
    drop = _mean(base) - mean, _drawn(base) - drawn
    return Row(
        network=network,
        technique=column,
        accuracy=_estimate(mean, drawn, groups),
        folds=tuple(one.accuracy for one in measured),
        spread=float(np.std(scores, ddof=1)) if len(scores) > 1 else 0.0,
        drop=None if column == BASE else _estimate(*drop, groups),
        tflm=_in_tflm([one.tflm for one in tested]),
    )


def _in_tflm(tested: Sequence[RuntimeAccuracy | NotMeasured | None]) -> float | str:
    measured = [one for one in tested if isinstance(one, RuntimeAccuracy)]
    if len(measured) == len(tested):
        return _mean(measured)
    reasons = [one.reason for one in tested if isinstance(one, NotMeasured)]
    return reasons[0].split(":")[0] if reasons else ""


def markdown(table: Sequence[Row]) -> str:
    """The table in Markdown, aligned for reading as it is; accuracies in percent, drops in points.

    Args:
        table: Rows of the same number of folds.
    """
    count = max((len(row.folds) for row in table), default=1)
    over = "accuracy" if count == 1 else f"mean of {count} folds"
    each = [] if count == 1 else [f"fold {number}" for number in range(count)]
    head = ["network", "", over, "95 %", "subjects", *each, "drop", "95 %", "TFLM"]
    body = [_cells(row) for row in table]
    widths = [max(3, *map(len, column)) for column in zip(head, *body, strict=True)]
    rule = [
        "-" * width if place < 2 else f"{'-' * (width - 1)}:" for place, width in enumerate(widths)
    ]
    return "".join(_line(cells, widths) for cells in [head, rule, *body])


def document(table: Sequence[Row], dataset: Dataset, splits: Sequence[Split]) -> str:
    """A page with the table and all that is needed to read it and to make it again."""
    folds = "\n".join(f"- {split.describe()}" for split in splits)
    return _PAGE.format(
        dataset=dataset.name, digest=dataset.digest, folds=folds, table=markdown(table)
    )


def _cells(row: Row) -> list[str]:
    return [
        row.network,
        row.technique,
        *_percent(row.accuracy, ".2f"),
        f"± {100 * row.spread:.1f}",
        *([f"{100 * fold:.1f}" for fold in row.folds] if len(row.folds) > 1 else []),
        *(["", ""] if row.drop is None else _percent(row.drop, "+.2f")),
        row.tflm if isinstance(row.tflm, str) else f"{100 * row.tflm:.2f}",
    ]


def _mean(folds: Sequence[RuntimeAccuracy]) -> float:
    return float(np.mean([fold.accuracy for fold in folds]))


def _drawn(folds: Sequence[RuntimeAccuracy]) -> NDArray[np.float64]:
    """(resamples,) means over folds; the same draw of subjects for the same subjects."""
    random = np.random.default_rng(0)
    means = []
    for fold in folds:
        scores = [fold.per_subject[subject] for subject in sorted(fold.per_subject)]
        correct, windows = [s.correct for s in scores], [s.windows for s in scores]
        means.append(resampled(correct, windows, random))
    drawn: NDArray[np.float64] = np.mean(means, axis=0)
    return drawn


def _estimate(value: float, drawn: NDArray[np.float64], groups: Sequence[int]) -> Estimate:
    return Estimate(value, *expanded_interval(drawn, groups))


def _percent(estimate: Estimate, form: str) -> list[str]:
    value, low, high = (
        format(100 * part, form) for part in (estimate.value, estimate.low, estimate.high)
    )
    return [value, f"{low} to {high}"]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell.ljust(width) if place < 2 else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return f"| {' | '.join(padded)} |\n"
