"""What people see while networks are trained: a bar where somebody watches, else a line each."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

Epochs = Callable[[int, int, float], None]
"""Told after each epoch: epochs done, epochs in all, and the accuracy on the validation windows."""


class Progress(Protocol):
    """Where the pipeline's news go."""

    def say(self, line: str) -> None:
        """Tell a line."""

    def training(self, label: str) -> AbstractContextManager[Epochs]:
        """Follow one training; ``label`` names it, such as ``C_5, fold 0``."""


class Lines:
    """A line for each event, in the order of events: for logs and for several processes at once.

    Args:
        tell: Takes a line; by default it goes to standard error.
    """

    def __init__(self, tell: Callable[[str], None] | None = None) -> None:
        self._tell = tell or _to_stderr

    def say(self, line: str) -> None:
        """Tell a line."""
        self._tell(line)

    @contextmanager
    def training(self, label: str) -> Iterator[Epochs]:
        """Tell that a training starts; its epochs are nobody's news."""
        self._tell(f"training {label}")
        yield lambda _done, _of, _accuracy: None


class Bars:
    """A bar for the training that goes on, on the terminal that standard error is."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)

    def say(self, line: str) -> None:
        """Tell a line."""
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)

    @contextmanager
    def training(self, label: str) -> Iterator[Epochs]:
        """Show a bar while a training goes on."""
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("validation accuracy {task.fields[accuracy]:.3f}", markup=False),
            TimeElapsedColumn(),
        )
        with RichProgress(*columns, console=self._console, transient=True) as bars:
            bar = bars.add_task(f"training {label}", total=None, accuracy=0.0)
            yield lambda done, of, accuracy: bars.update(
                bar, completed=done, total=of, accuracy=accuracy
            )


def watched() -> Progress:
    """A bar where standard error is a terminal, else lines."""
    return Bars() if sys.stderr.isatty() else Lines()


def _to_stderr(line: str) -> None:
    sys.stderr.write(f"{line}\n")  # at once: several processes write here
    sys.stderr.flush()
