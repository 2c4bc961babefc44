"""What all of the project's own tests need."""

import signal

import pytest
from hypothesis import settings

from models.threads import use_one_thread

settings.register_profile("no deadline", deadline=None)  # how long is the machine's affair
settings.load_profile("no deadline")


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
