"""Examples have no deadline: how long one takes is the machine's affair. And a clock for tests."""

from types import SimpleNamespace

import pytest
from hypothesis import settings

from tests.twin.wall_clock import Clock

settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """What the simulated world takes for the clock on the wall."""
    clock = Clock()
    monkeypatch.setattr("bench.twin.world.time", SimpleNamespace(monotonic=clock.monotonic))
    return clock
