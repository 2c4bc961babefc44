import importlib.util
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.accuracy import SubjectScore
from models.bootstrap import tails
from models.catalog import Technique
from models.errors import EvaluationError
from models.evaluation import (
    Evaluation,
    agreement,
    evaluate_base,
    evaluate_variant,
    evaluation,
    interval,
)
from models.flatbuffer import read
from models.runtimes import TFLM_WORKER, NotRun, Ran, Refused, run_litert, run_tflm
from models.tolerance import FLOAT_TOLERANCE, output_tolerance
from models.windows import Windows
from tests.unit.small_models import Small, small_models

L, D, F = Technique

needs_tflm = pytest.mark.skipif(
    importlib.util.find_spec("tflite_micro") is None,
    reason="tflite-micro is not installed; it exists for Linux on x86-64",
)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Small]:
    return small_models(tmp_path_factory)


def _test_windows(net: Small) -> Windows:
    """The net's windows with what Keras makes of them as labels, of three subjects."""
    n = len(net.windows)
    return Windows(net.windows, net.keras_outputs.argmax(axis=1), np.arange(n) % 3 + 1)


def _labelled(labels: Sequence[int], subjects: Sequence[int]) -> Windows:
    x = np.zeros((len(labels), 128, 6), dtype=np.float32)
    return Windows(x, np.array(labels, dtype=np.int64), np.array(subjects, dtype=np.int64))


def _one_hot(classes: Sequence[int]) -> NDArray[np.float32]:
    return np.eye(6, dtype=np.float32)[list(classes)]


# What outputs say


@settings(max_examples=30, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(1, 4)), min_size=1, max_size=40
    )
)
def test_accuracy_is_counted_over_windows_subjects_and_classes(
    rows: list[tuple[int, int, int]],
) -> None:
    labels, predicted, subjects = zip(*rows, strict=True)
    found = evaluation(_one_hot(predicted), _labelled(labels, subjects))
    hits = sum(label == guess for label, guess, _ in rows)
    assert found.windows == len(rows)
    assert found.accuracy == hits / len(rows)
    assert found.predictions.tolist() == list(predicted)
    assert sum(score.correct for score in found.per_subject.values()) == hits
    assert {s: score.windows for s, score in found.per_subject.items()} == {
        s: subjects.count(s) for s in sorted(set(subjects))
    }
    for label, guess, _ in rows:
        assert found.confusion[label, guess] == sum(r[:2] == (label, guess) for r in rows)
    accuracies = [score.accuracy for score in found.per_subject.values()]
    assert min(accuracies) <= found.interval[0] <= found.interval[1] <= max(accuracies)


def test_the_interval_is_the_one_of_sampling_subjects() -> None:
    draw = np.random.default_rng(3)
    rates = draw.uniform(0.7, 1.0, 200)
    scores = {
        i: SubjectScore(windows=100, correct=round(100 * rate)) for i, rate in enumerate(rates)
    }
    low, high = interval(scores)
    accuracies = np.array([score.accuracy for score in scores.values()])
    error = accuracies.std(ddof=1) / np.sqrt(len(accuracies))
    assert low == pytest.approx(accuracies.mean() - 1.96 * error, abs=0.1 * error)
    assert high == pytest.approx(accuracies.mean() + 1.96 * error, abs=0.1 * error)
    assert interval(scores) == (low, high)


@pytest.mark.parametrize("groups", [(8,), (8, 8, 7, 7)], ids=["one fold", "four folds"])
def test_intervals_of_few_subjects_hold_the_true_mean(groups: tuple[int, ...]) -> None:
    draw, count, held = np.random.default_rng(5), 800, 0
    for _ in range(count):
        resampled = np.zeros(500)
        for size in groups:
            values = draw.normal(0.0, 1.0, size)
            resampled += values[draw.integers(size, size=(500, size))].mean(axis=1)
        low, high = np.quantile(resampled, tails(groups))
        held += low <= 0.0 <= high
    assert held / count == pytest.approx(0.95, abs=0.025)


def test_one_subject_alone_gives_the_ends() -> None:
    assert tails([1]) == (0.0, 1.0)


def test_outputs_that_are_no_numbers_are_an_error() -> None:
    outputs = _one_hot([0, 1, 2])
    outputs[1, 3] = np.nan
    with pytest.raises(EvaluationError, match="outputs of 1 of 3 windows are NaN"):
        evaluation(outputs, _labelled([0, 1, 2], [1, 1, 2]))


def test_outputs_that_do_not_fit_the_windows_are_an_error() -> None:
    with pytest.raises(EvaluationError, match=r"shape \(2, 6\) for 3 windows"):
        evaluation(_one_hot([0, 1]), _labelled([0, 1, 2], [1, 1, 2]))


# Runtimes


@pytest.mark.usefixtures("one_thread")
def test_the_base_is_as_accurate_as_keras_says(small: dict[str, Small]) -> None:
    net = small["C_2"]
    assert evaluate_base(net.keras_file, _test_windows(net)).accuracy == 1.0


@needs_tflm
@pytest.mark.parametrize(
    ("variant", "arena"),
    [("C_2-L", 8_224), ("C_2-F", 4_544), ("CL_1-L", 12_816), ("CL_1-F", 8_112)],
)
def test_tflm_runs_float_and_integer_models_as_litert_does(
    small: dict[str, Small], variant: str, arena: int
) -> None:
    name, technique = variant.split("-")
    net = small[name]
    found = evaluate_variant(net.tflite[Technique(technique)], _test_windows(net))
    assert isinstance(found.tflm, Evaluation)
    assert found.arena == pytest.approx(arena, abs=16)  # one alignment more or less
    assert found.agreement is not None
    assert found.agreement.agree, found.agreement
    assert found.agreement.windows == found.tflm.windows == len(net.windows)
    assert found.litert.accuracy >= 0.9


@needs_tflm
@pytest.mark.parametrize("name", ["C_2", "CL_1", "wide"])
def test_tflm_refuses_dynamic_quantization_in_its_own_words(
    small: dict[str, Small], name: str
) -> None:
    net = small[name]
    found = evaluate_variant(net.tflite[D], _test_windows(net))
    assert found.litert.accuracy >= 0.9
    assert isinstance(found.tflm, Refused)
    assert "Input type: FLOAT32 with filter type: INT8 not supported" in found.tflm.message
    assert found.arena is None
    assert found.agreement is None


@pytest.mark.parametrize("technique", Technique)
def test_litert_forgets_a_window_before_the_next(
    small: dict[str, Small], technique: Technique
) -> None:
    net = small["CL_1"]
    forwards = run_litert(net.tflite[technique], net.windows)
    backwards = run_litert(net.tflite[technique], net.windows[::-1])
    np.testing.assert_array_equal(forwards, backwards[::-1])


@needs_tflm
@pytest.mark.parametrize("technique", [L, F])
def test_tflm_forgets_a_window_before_the_next(
    small: dict[str, Small], technique: Technique
) -> None:
    net = small["CL_1"]
    forwards = run_tflm(net.tflite[technique], net.windows)
    backwards = run_tflm(net.tflite[technique], net.windows[::-1])
    assert isinstance(forwards, Ran)
    assert isinstance(backwards, Ran)
    np.testing.assert_array_equal(forwards.outputs, backwards.outputs[::-1])


def test_without_tflm_its_column_is_not_run(
    small: dict[str, Small], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    found = evaluate_variant(small["C_2"].tflite[L], _test_windows(small["C_2"]))
    assert isinstance(found.tflm, NotRun)
    assert "tflite-micro is not installed" in found.tflm.reason
    assert found.litert.accuracy == 1.0


@needs_tflm
@pytest.mark.parametrize(
    ("program", "seconds", "message"),
    [
        ("while True: pass", 1, r"did not finish within the time limit of 1 s; a loop operator"),
        ("import os; os.abort()", 60, r"ended with code -6 on 3 windows"),
        (
            "import sys, numpy; numpy.save(sys.argv[3], numpy.full((3, 6), numpy.nan))",
            60,
            r"NaN or infinity for 3 of 3 windows",
        ),
        (
            "import sys, numpy; numpy.save(sys.argv[3], numpy.zeros((3, 6)))",
            60,
            r"no account of its arena",
        ),
    ],
    ids=["hangs", "crashes", "gives-nan", "says-nothing"],
)
def test_a_tflm_that_misbehaves_is_an_error(
    small: dict[str, Small], program: str, seconds: float, message: str
) -> None:
    net = small["C_2"]
    with pytest.raises(EvaluationError, match=message):
        run_tflm(
            net.tflite[L], net.windows[:3], seconds=seconds, worker=(sys.executable, "-c", program)
        )


@needs_tflm
def test_the_kernel_ends_a_worker_that_uses_up_its_seconds(
    small: dict[str, Small], tmp_path: Path
) -> None:
    net = small["CL_1"]
    files = [tmp_path / name for name in ("model.tflite", "inputs.npy", "outputs.npy")]
    files[0].write_bytes(net.tflite[F])
    inputs = read(net.tflite[F]).input.to_stored(net.windows)
    np.save(files[1], np.tile(inputs, (500, 1, 1)))
    ended = subprocess.run([*TFLM_WORKER, *files, "1"], check=False, capture_output=True)
    assert ended.returncode in (-signal.SIGXCPU, -signal.SIGKILL)
    assert not files[2].exists()


# Agreement of runtimes


def test_the_tolerance_of_an_integer_model_follows_from_its_logits(
    small: dict[str, Small],
) -> None:
    model = read(small["C_2"].tflite[F])
    softmax = model.operators[-1]
    logits = model.tensors[softmax.inputs[0]]
    assert logits.quantisation is not None
    step = logits.quantisation.scale[0]
    # Two classes at equal logits; then one rises and the other falls by three steps.
    rise = 1 / (1 + np.exp(-6 * step)) - 1 / 2
    tolerance = output_tolerance(model)
    assert 256 * rise + 1 <= tolerance <= 2 * 256 * rise + 3
    assert output_tolerance(read(small["C_2"].tflite[L])) == FLOAT_TOLERANCE


def test_agreement_needs_near_outputs_and_the_same_class_unless_two_are_tied(
    small: dict[str, Small],
) -> None:
    model = read(small["C_2"].tflite[F])
    tolerance = int(output_tolerance(model))
    clear = np.full((2, 6), -128, dtype=np.int8)
    clear[:, 1] = 100
    same = agreement(model, clear, clear)
    assert (same.agree, same.identical, same.same_class, same.largest_difference) == (True, 1, 1, 0)

    near = clear.copy()
    near[0, 1] -= tolerance
    found = agreement(model, clear, near)
    assert (found.agree, found.identical, found.largest_difference) == (True, 0.5, tolerance)
    near[0, 1] -= 1
    assert not agreement(model, clear, near).agree

    tied = clear.copy()
    tied[:, 2] = 100
    other = tied.copy()
    other[0, 1] -= 1
    found = agreement(model, tied, other)
    assert (found.agree, found.same_class) == (True, 0.5)
