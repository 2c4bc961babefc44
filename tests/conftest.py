"""What all of the project's own tests need."""

import signal

import pytest

from models.threads import use_one_thread


@pytest.fixture(scope="session")
def one_thread() -> None:
    """Have TensorFlow compute with one thread, before any test of this process computes with it."""
    use_one_thread()


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Whoever starts a job in the background has it ignore Ctrl-C, and so would all processes that
    # tests start and interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
