"""The accuracy of a model on the test subjects in each runtime, and whether the runtimes agree.

Test windows come standardised::

    base = evaluate_base(keras_file, test)
    variant = evaluate_variant(tflite, test)
    variant.litert.accuracy, variant.litert.interval
    variant.tflm        # an Evaluation, or Refused, or NotRun
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.accuracy import Agreement, SubjectScore
from models.bootstrap import expanded_interval, resampled
from models.catalog import ACTIVITIES
from models.errors import EvaluationError
from models.flatbuffer import read
from models.graph import FlatModel
from models.runtimes import NotRun, Ran, Refused, run_keras, run_litert, run_tflm
from models.tolerance import output_tolerance
from models.windows import Windows


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a model made of the test windows.

    Attributes:
        windows: How many there were.
        accuracy: Fraction classified correctly.
        interval: 95 % confidence interval of the accuracy, by bootstrap over subjects.
        per_subject: The score of each subject by number, in rising order.
        confusion: (6, 6) int64 counts; rows are the true activity, columns the predicted one.
        predictions: (n,) int64 index into ``catalog.ACTIVITIES``.
    """

    windows: int
    accuracy: float
    interval: tuple[float, float]
    per_subject: Mapping[int, SubjectScore]
    confusion: NDArray[np.int64]
    predictions: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class VariantEvaluation:
    """A variant in the runtimes of small machines.

    Attributes:
        litert: In LiteRT.
        tflm: In TFLM, or why not.
        arena: Bytes of tensor arena that TFLM used, on a 64-bit machine; None if it did not run.
        agreement: Of TFLM with LiteRT; None if TFLM did not run.
    """

    litert: Evaluation
    tflm: Evaluation | Refused | NotRun
    arena: int | None
    agreement: Agreement | None


def evaluate_base(keras_file: Path, test: Windows) -> Evaluation:
    """The trained Keras model on standardised test windows. Imports TensorFlow."""
    return evaluation(run_keras(keras_file, test.x), test)


def evaluate_variant(model: bytes, test: Windows) -> VariantEvaluation:
    """A ``.tflite`` model on standardised test windows, in LiteRT and, where installed, in TFLM.

    A model with hybrid operators, which TFLM is known to refuse, is offered to it with one window.

    Raises:
        EvaluationError: A runtime gave what is no number, crashed or exceeded its time limit.
    """
    flat = read(model)
    outputs = run_litert(model, test.x)
    litert = evaluation(outputs, test)
    hybrid = any(kernel.hybrid for kernel in flat.kernels())
    answer = run_tflm(model, test.x[:1] if hybrid else test.x)
    if not isinstance(answer, Ran):
        return VariantEvaluation(litert, answer, arena=None, agreement=None)
    if hybrid:
        raise EvaluationError(
            "TFLM took a model with hybrid operators, which it was known to refuse; find out what "
            "it computes before such a model is flashed"
        )
    return VariantEvaluation(
        litert,
        evaluation(answer.outputs, test),
        arena=answer.arena,
        agreement=agreement(flat, outputs, answer.outputs),
    )


def evaluation(outputs: NDArray[Any], test: Windows) -> Evaluation:
    """What a model's outputs, (n, 6) of any type, say of the windows they belong to.

    Raises:
        EvaluationError: There are no windows, or outputs that are no numbers.
    """
    if not len(test) or outputs.shape != (len(test), len(ACTIVITIES)):
        raise EvaluationError(
            f"outputs of shape {outputs.shape} for {len(test)} windows; wanted one row a window "
            f"with {len(ACTIVITIES)} columns, and at least one window"
        )
    if not np.isfinite(outputs).all():
        wrong = int((~np.isfinite(outputs).all(axis=1)).sum())
        raise EvaluationError(
            f"outputs of {wrong:,} of {len(test):,} windows are NaN or infinite; look at the "
            "network's weights and at the operators of its model"
        )
    predictions = outputs.argmax(axis=1).astype(np.int64)
    confusion = np.zeros((len(ACTIVITIES), len(ACTIVITIES)), dtype=np.int64)
    np.add.at(confusion, (test.y, predictions), 1)
    correct = predictions == test.y
    scores = {
        int(subject): _score(correct[test.subjects == subject])
        for subject in np.unique(test.subjects)
    }
    return Evaluation(
        windows=len(test),
        accuracy=float(correct.mean()),
        interval=interval(scores),
        per_subject=scores,
        confusion=confusion,
        predictions=predictions,
    )


def _score(correct: NDArray[np.bool_]) -> SubjectScore:
    return SubjectScore(windows=len(correct), correct=int(correct.sum()))


def interval(scores: Mapping[int, SubjectScore], *, seed: int = 0) -> tuple[float, float]:
    """95 % confidence interval of the accuracy over all windows (`models.bootstrap`)."""
    drawn = resampled(
        [score.correct for score in scores.values()],
        [score.windows for score in scores.values()],
        np.random.default_rng(seed),
    )
    return expanded_interval(drawn, [len(scores)])


def agreement(model: FlatModel, litert: NDArray[Any], tflm: NDArray[Any]) -> Agreement:
    """Compare two runtimes' outputs, each (n, 6) in the type of the model's output tensor."""
    reference = litert.astype(np.float64)
    difference = np.abs(reference - tflm).max(axis=1)
    same_class = litert.argmax(axis=1) == tflm.argmax(axis=1)
    tolerance = output_tolerance(model)
    best = np.sort(reference, axis=1)
    near_tie = best[:, -1] - best[:, -2] <= tolerance
    return Agreement(
        windows=len(reference),
        identical=float((difference == 0).mean()),
        same_class=float(same_class.mean()),
        largest_difference=float(difference.max()),
        tolerance=tolerance,
        agree=bool((difference <= tolerance).all() and (same_class | near_tie).all()),
    )
