"""What a person sees between the dots: pytest hides what is printed while a test runs."""

import logging
import os
import shutil
import sys
from dataclasses import dataclass
from typing import Self, TextIO

import pytest
from rich.console import Console

from models.progress import Bars, Progress

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

    def emit(self, record: logging.LogRecord) -> None:
        """Show a message in place of the one before, cut to what is left of the line."""
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        used = 0 if reporter is None else reporter._tw.width_of_current_line  # noqa: SLF001
        room = shutil.get_terminal_size().columns - used - 2
        text = record.getMessage().partition("\n")[0]
        self._show(f" {text[:room]}" if room > 0 else "")

    def clear(self) -> None:
        """Take the message away."""
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
        _BENCH.addHandler(watched.status)
        _BENCH.setLevel(logging.INFO)
        return watched

    def close(self) -> None:
        """Leave the terminal alone."""
        _BENCH.removeHandler(self.status)
        self.status.clear()
        self.terminal.close()
