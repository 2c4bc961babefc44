"""The split by subject: the one that was drawn, and no subject in two parts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import DatasetError
from models.split import FOLDS, SUBJECTS, split
from models.windows import Windows

EVERYBODY = set(range(1, SUBJECTS + 1))
# Drawn once, before anything was trained. A split that differs is another experiment.
TEST_SUBJECTS = (
    {3, 5, 11, 12, 17, 22, 27, 29},
    {1, 4, 7, 9, 19, 24, 26, 30},
    {6, 8, 13, 14, 18, 20, 21},
    {2, 10, 15, 16, 23, 25, 28},
)
VALIDATION_SUBJECTS = ({7, 19, 24}, {13, 20, 21}, {10, 15, 23}, {3, 12, 27})

folds = pytest.mark.parametrize("fold", range(FOLDS))


@folds
def test_split_is_the_one_that_was_drawn(fold: int) -> None:
    chosen = split(fold)
    assert set(chosen.test) == TEST_SUBJECTS[fold]
    assert set(chosen.validation) == VALIDATION_SUBJECTS[fold]


@folds
def test_split_follows_its_definition(fold: int) -> None:
    perm = np.random.default_rng(0).permutation(np.arange(1, 31))
    bounds = [(0, 8), (8, 16), (16, 23), (23, 30)]
    first, end = bounds[fold]
    chosen = split(fold)
    assert set(chosen.test) == set(perm[first:end])
    assert set(chosen.validation) == {perm[(end + i) % 30] for i in range(3)}


@folds
def test_every_subject_has_one_part(fold: int) -> None:
    chosen = split(fold)
    parts = (*chosen.train, *chosen.validation, *chosen.test)
    assert len(parts) == SUBJECTS
    assert set(parts) == EVERYBODY


def test_folds_test_every_subject_once() -> None:
    tested = [subject for fold in range(FOLDS) for subject in split(fold).test]
    assert sorted(tested) == sorted(EVERYBODY)


@folds
def test_description_names_fold_and_every_subject(fold: int) -> None:
    chosen = split(fold)
    line = chosen.describe()
    assert f"fold {fold}" in line
    assert f"test {', '.join(map(str, chosen.test))};" in line
    assert f"validation {', '.join(map(str, chosen.validation))};" in line
    assert line.endswith(f"training {', '.join(map(str, chosen.train))}")


@given(st.lists(st.integers(1, SUBJECTS), max_size=60), st.integers(0, FOLDS - 1))
def test_every_window_of_any_recording_is_in_one_part(recorded: list[int], fold: int) -> None:
    n = len(recorded)
    x = np.arange(n, dtype=np.float32)[:, None, None].repeat(128, axis=1).repeat(6, axis=2)
    windows = Windows(x, np.zeros(n, np.int64), np.array(recorded, np.int64))
    chosen = split(fold)
    parts = [windows.of(subjects) for subjects in (chosen.train, chosen.validation, chosen.test)]
    numbers = [number for part in parts for number in part.x[:, 0, 0].tolist()]
    assert sorted(numbers) == list(range(n))
    people = [set(part.subjects.tolist()) for part in parts]
    assert sum(map(len, people)) == len(set(recorded))


@given(st.integers().filter(lambda fold: not 0 <= fold < FOLDS))
def test_unknown_fold_is_refused(fold: int) -> None:
    with pytest.raises(DatasetError, match=rf"fold {fold}.*choose one of 0 to 3"):
        split(fold)
