"""The wall clock, for tests of the wall pace that take no time."""


class Clock:
    """A wall clock that goes on only while somebody waits for it."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waits = 0

    def monotonic(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waits += 1
        self.now += seconds

    def notify_all(self) -> None:
        """Nobody else is there."""

    def __enter__(self) -> "Clock":
        return self

    def __exit__(self, *_: object) -> None:
        pass
