"""A data set, a network and a recipe so small that all of the pipeline runs in seconds."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from models.catalog import ACTIVITIES, Network
from models.dataset import Dataset
from models.pipeline import Pipeline
from models.progress import Lines, Progress
from models.split import SUBJECTS, split
from models.store import Store
from models.training import RECIPES
from models.windows import Windows

NETWORK = Network("tiny", filters=2, kernel=3, dense=20)

RECIPE = replace(RECIPES["C"], epochs=2, batch=32, average=0.9)


def dataset(changed: tuple[int, ...] = ()) -> Dataset:
    """Two windows of each activity of each subject; those of the ``changed`` ones are noise."""
    draw = np.random.default_rng(0)
    y = np.tile(np.repeat(np.arange(len(ACTIVITIES)), 2), SUBJECTS)
    subjects = np.repeat(np.arange(1, SUBJECTS + 1), 2 * len(ACTIVITIES))
    level = draw.normal(size=(len(ACTIVITIES), 1, 6))
    x = (level[y] + 0.3 * draw.normal(size=(len(y), 128, 6))).astype(np.float32)
    other = np.isin(subjects, changed)
    x[other] = 5 + 3 * draw.normal(size=x[other].shape)
    windows = Windows(x, y, subjects)
    return Dataset("surrogate", windows.digest(), windows, "a test")


@dataclass(frozen=True)
class TinyOpening:
    """Opens pipelines as ``models.cli.Opening`` does."""

    root: Path
    seed: int = 0

    def __call__(self, fold: int, progress: Progress) -> Pipeline:
        return Pipeline(
            dataset(),
            split(fold),
            store=Store(self.root, progress.say),
            seed=self.seed,
            progress=progress,
            recipe=RECIPE,
        )


def filled_store(tmp_path_factory: pytest.TempPathFactory, copy: Path) -> Path:
    """A copy of a store that has the tiny network of fold 0, complete.

    The store is one for all processes of a run; the first that asks fills it.
    """
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if base.name.startswith("popen-") else base) / "tiny-store"
    pipeline = TinyOpening(shared)(0, Lines(lambda _line: None))
    pipeline.base(NETWORK)
    pipeline.variants(NETWORK)
    shutil.copytree(shared, copy, ignore=shutil.ignore_patterns("locks", "*.partial"))
    return copy
