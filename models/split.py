"""Which subjects a network learns from and which it is tested on.

Four folds, drawn once before anything was trained and never changed for a result. The split is by
subject because neighbouring windows share half their samples: a split by window would leak.
"""

from dataclasses import dataclass

import numpy as np

from models.errors import DatasetError

SUBJECTS = 30
FOLDS = 4
_FIRST_OF_FOLD = (0, 8, 16, 23, SUBJECTS)
_VALIDATION_SUBJECTS = 3


@dataclass(frozen=True)
class Split:
    """The subjects of one fold, each tuple in ascending order; together all thirty, none twice."""

    fold: int
    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]

    def describe(self) -> str:
        """One line for people, such as is printed with every result."""
        parts = {"test": self.test, "validation": self.validation, "training": self.train}
        subjects = "; ".join(f"{name} {', '.join(map(str, part))}" for name, part in parts.items())
        return f"fold {self.fold} of 0 to {FOLDS - 1}, subjects: {subjects}"


def split(fold: int = 0) -> Split:
    """The split of a fold: it is the test; the three subjects after it validate; the rest train.

    Raises:
        DatasetError: There is no such fold.
    """
    if fold not in range(FOLDS):
        raise DatasetError(f"fold {fold}: there is no such fold; choose one of 0 to {FOLDS - 1}")
    order = np.random.default_rng(0).permutation(np.arange(1, SUBJECTS + 1)).tolist()
    first, end = _FIRST_OF_FOLD[fold], _FIRST_OF_FOLD[fold + 1]
    # Rotated so that the fold comes first: what follows it cyclically follows it in the list.
    rotated = order[first:] + order[:first]
    test, rest = rotated[: end - first], rotated[end - first :]
    return Split(
        fold=fold,
        train=tuple(sorted(rest[_VALIDATION_SUBJECTS:])),
        validation=tuple(sorted(rest[:_VALIDATION_SUBJECTS])),
        test=tuple(sorted(test)),
    )
