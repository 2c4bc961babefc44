"""What a person sees between the dots: pytest hides what is printed while a test runs."""

import logging
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Self, TextIO

import pytest
from rich.console import Console

from models.progress import Bars, Epochs, Progress

_SAVE, _RESTORE, _ERASE_TO_END = "\x1b7", "\x1b8", "\x1b[K"
_BENCH = logging.getLogger("bench")


class StatusLine(logging.Handler):
    """Shows the bench's latest news behind the cursor, where the next dot overwrites it.

    Args:
        terminal: Understands ANSI's escape sequences.
        config: Of the run whose dots these are.
    """

    def __init__(self, terminal: TextIO, config: pytest.Config) -> None:
        super().__init__(logging.INFO)
        self._terminal, self._config, self._shown = terminal, config, False
        self._workers: dict[str, str] = {}
        self._turn = threading.RLock()  # each worker's news come in a thread of their own

    def emit(self, record: logging.LogRecord) -> None:
        """Show a message in place of the one before."""
        self._tell(_first_line(record))

    def tell_of(self, worker: str, news: str) -> None:
        """Show a worker's latest news beside the other workers'; from whatever thread."""
        with self._turn:
            self._workers[worker] = news
            shown = (f"[{name}] {text}" for name, text in sorted(self._workers.items()))
            self._tell("  ".join(shown))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Forget the news of a worker that has ended."""
        with self._turn:
            self._workers.pop(node.gateway.id, None)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self) -> None:
        """Make room for the dot that tells of a test."""
        self.clear()

    def _tell(self, text: str) -> None:
        """Show what of a text has room in the rest of the line."""
        with self._turn:
            reporter = self._config.pluginmanager.get_plugin("terminalreporter")
            used = 0 if reporter is None else reporter._tw.width_of_current_line  # noqa: SLF001
            room = shutil.get_terminal_size().columns - used - 2
            self._show(f" {text[:room]}" if room > 0 else "")

    def clear(self) -> None:
        """Take the message away."""
        with self._turn:
            if self._shown:
                self._show("")

    def _show(self, text: str) -> None:
        self._terminal.write(f"{_SAVE}{_ERASE_TO_END}{text}{_RESTORE}")
        self._terminal.flush()
        self._shown = bool(text)


@dataclass(frozen=True)
class Watched:
    """A terminal with somebody in front of it.

    Attributes:
        terminal: A stream of its own, so that pytest's capturing does not reach it.
        status: The bench's news, on that terminal.
        progress: The models' side's news, there too.
    """

    terminal: TextIO
    status: StatusLine
    progress: Progress

    @classmethod
    def start(cls, config: pytest.Config) -> Self | None:
        """Watch the run; None if standard error is no terminal. Asked while nothing is captured."""
        if not sys.stderr.isatty():
            return None
        terminal = os.fdopen(os.dup(sys.stderr.fileno()), "w", encoding="utf-8", errors="replace")
        watched = cls(terminal, StatusLine(terminal, config), Bars(Console(file=terminal)))
        config.pluginmanager.register(watched.status)
        _listen(watched.status)
        return watched

    def line_to(self, node: Any) -> Any:
        """An execnet channel on which a worker of pytest-xdist sends its news."""
        channel = node.gateway.newchannel()
        channel.setcallback(lambda news: self.status.tell_of(node.gateway.id, news))
        return channel

    def close(self) -> None:
        """Leave the terminal alone."""
        _BENCH.removeHandler(self.status)
        self.status.clear()
        self.terminal.close()


class Sender(logging.Handler):
    """Sends a worker's news to the process that has the terminal, which knows where dots are.

    Args:
        send: Takes a line.
    """

    def __init__(self, send: Callable[[str], None]) -> None:
        super().__init__(logging.INFO)
        self._send = send

    @classmethod
    def start(cls, send: Callable[[str], None]) -> Self:
        """Send from now on."""
        sender = cls(send)
        _listen(sender)
        return sender

    def emit(self, record: logging.LogRecord) -> None:
        """Send a message of the bench."""
        self.say(_first_line(record))

    def say(self, line: str) -> None:
        """Send a line; that nobody listens any more is no reason to stop a measurement."""
        with suppress(OSError):
            self._send(line)

    @contextmanager
    def training(self, label: str) -> Iterator[Epochs]:
        """Send that a training starts, and each of its epochs."""
        self.say(f"training {label}")
        yield lambda done, of, _accuracy: self.say(f"training {label}: {done}/{of}")


def _listen(handler: logging.Handler) -> None:
    _BENCH.addHandler(handler)
    _BENCH.setLevel(logging.INFO)


def _first_line(record: logging.LogRecord) -> str:
    return record.getMessage().partition("\n")[0]
