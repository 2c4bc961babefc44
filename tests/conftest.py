"""What all of the project's own tests need."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from bench.run.command_line import is_wanted
from models.threads import use_one_thread

# Typer decides once, from the environment in which it is first needed, whether its messages have
# colours: with GitHub's, or with that of a pytest run within a test, words are cut by their codes.
os.environ["_TYPER_FORCE_DISABLE_TERMINAL"] = "1"

settings.register_profile("no deadline", deadline=None)  # how long is the machine's affair
settings.load_profile("no deadline")


HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the project's own tests alone where only variants are wanted: ``pytest -m sim``."""
    own = collection_path.parent == HERE and collection_path.name != "characterisation"
    return True if own and not is_wanted(config.option.markexpr, "unmarked") else None


@pytest.fixture(scope="session")
def one_thread() -> None:
    """Have TensorFlow compute with one thread, before any test of this process computes with it."""
    use_one_thread()


@pytest.fixture(autouse=True)
def no_step_summary(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep runs within tests out of the summary of the CI step that runs the tests."""
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Whoever starts a job in the background has it ignore Ctrl-C, and so would all processes that
    # tests start and interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
