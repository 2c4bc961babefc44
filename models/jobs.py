"""Works through many networks, in this process or in several, and yields what came of each."""

import functools
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from models.accuracy import RuntimeAccuracy
from models.artefact import Artefact
from models.catalog import Network, Technique
from models.errors import ConversionError, EvaluationError, ModelsError
from models.pipeline import Pipeline
from models.progress import Lines, Progress
from models.weights import Weights

Opener = Callable[[int, Progress], Pipeline]
"""Opens the pipeline of a fold, in whatever process: it is hashable and can be pickled."""

_INTERRUPTED = 130
_ORPHANED = 3


@dataclass(frozen=True)
class Task:
    """A network to train on a fold, and what to make of it; without techniques, nothing."""

    network: Network
    fold: int
    techniques: tuple[Technique, ...] = ()

    @property
    def label(self) -> str:
        """What people call it."""
        return f"{self.network.name}, fold {self.fold}"


@dataclass(frozen=True)
class Done:
    """What came of a task; base and variants are those of its techniques."""

    weights: Weights
    base: RuntimeAccuracy | None
    variants: Mapping[Technique, Artefact | ConversionError | EvaluationError]


def work(
    opener: Opener, tasks: Sequence[Task], *, jobs: int, progress: Progress
) -> Iterator[tuple[Task, Done | ModelsError]]:
    """Do every task; one that fails stops no other.

    Args:
        opener: Opens the pipelines.
        tasks: What to do.
        jobs: How many processes; 1 is this one.
        progress: Where the news go; several processes write lines to standard error instead.

    Yields:
        Each task with its result, as they are done.
    """
    longest_first = sorted(tasks, key=_effort, reverse=True)
    if jobs == 1:
        open_fold = functools.cache(lambda fold: opener(fold, progress))
        for task in longest_first:
            pipeline = open_fold(task.fold)
            yield task, _attempt(task, functools.partial(_do, pipeline, task))
        return
    spawn = multiprocessing.get_context("spawn")  # TensorFlow does not survive a fork
    count = max(1, min(jobs, len(tasks)))
    with ProcessPoolExecutor(count, mp_context=spawn, initializer=_prepare_child) as pool:
        futures = {pool.submit(_do_in_child, opener, task): task for task in longest_first}
        try:
            for future in as_completed(futures):
                yield futures[future], _attempt(futures[future], future.result)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def failures(task: Task, result: Done | ModelsError) -> Iterator[str]:
    """What failed of a task, each in a sentence; a runtime that disagrees is one, too."""
    if isinstance(result, ModelsError):
        yield f"{task.label}: {result}"
    else:
        for artefact in result.variants.values():
            if not isinstance(artefact, Artefact):
                yield f"fold {task.fold}: {artefact}"
            elif (agreement := artefact.manifest.agreement) is not None and not agreement.agree:
                yield (
                    f"fold {task.fold}: {artefact.variant.name}: TFLM differs from LiteRT by up to"
                    f" {agreement.largest_difference:g}, wanted {agreement.tolerance:g} or less;"
                    f" same activity in {100 * agreement.same_class:.2f} % of the windows. Look at"
                    " its operators before it is flashed"
                )


def _attempt(task: Task, action: Callable[[], Done]) -> Done | ModelsError:
    try:
        return action()
    except ModelsError as error:
        return error
    except BrokenProcessPool:
        return ModelsError(
            "a process was killed, perhaps for want of memory; what the others made"
            " is kept, so run again, with --jobs 1"
        )


def _effort(task: Task) -> tuple[int, int]:
    """A measure for how long a training takes: an LSTM's samples follow one another."""
    return task.network.lstm or 0, task.network.filters


def _do(pipeline: Pipeline, task: Task) -> Done:
    weights = pipeline.weights(task.network)
    if not task.techniques:
        return Done(weights, None, {})
    base = pipeline.base(task.network)
    return Done(weights, base, pipeline.variants(task.network, task.techniques))


@functools.cache
def _opened(opener: Opener, fold: int) -> Pipeline:
    """The pipelines of this child process."""
    return opener(fold, Lines())


def _prepare_child() -> None:
    """Have Ctrl-C and the parent's death end this process; the pool would let it go on."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # idle, it is ended by the pool
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(_ORPHANED)


def _do_in_child(opener: Opener, task: Task) -> Done:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return _do(_opened(opener, task.fold), task)
    except KeyboardInterrupt:
        os._exit(_INTERRUPTED)  # what was half-done is removed; the next task is not to begin
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
