"""What people see while networks are trained."""

import io
import sys

import pytest
from rich.console import Console

from models.progress import Bars, Lines, watched


def test_lines_tell_that_a_training_starts_and_nothing_of_its_epochs() -> None:
    told: list[str] = []
    progress = Lines(told.append)
    with progress.training("C_5, fold 0") as epochs:
        epochs(1, 60, 0.5)
    progress.say("trained C_5, fold 0")
    assert told == ["training C_5, fold 0", "trained C_5, fold 0"]


def test_a_bar_shows_how_far_a_training_is_and_goes_when_it_ends() -> None:
    screen = io.StringIO()
    progress = Bars(Console(file=screen, force_terminal=True, width=120))
    with progress.training("C_5, fold 0") as epochs:
        epochs(7, 60, 0.9321)
        progress.say("a line [with brackets] beside it")
    shown = screen.getvalue()
    assert "training C_5, fold 0" in shown
    assert "7/60" in shown
    assert "0.932" in shown
    assert "a line [with brackets] beside it\n" in shown
    assert shown.endswith("\x1b[2K"), "the bar is left on the screen"


@pytest.mark.parametrize(("terminal", "kind"), [(True, Bars), (False, Lines)])
def test_bars_are_for_terminals(
    terminal: bool, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    assert isinstance(watched(), kind)
