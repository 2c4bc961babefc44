"""A task of the twin's card: when its samples are taken, and who has to wait for them.

Samples are not stored: they are computed from what happened (`Card.sample`) when they are read. At
the virtual pace a read lets pass the time that its samples take, up to its time-out; a trigger that
has not come is awaited in wall time, since only another client can make it happen. At the wall pace
time passes by itself, and a buffer that nobody reads is overwritten.
"""

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np

from bench.twin.circuit import Floats
from bench.twin.daq import origin
from bench.twin.daq.board import Board, Run
from bench.twin.daq.errors import Code, DaqError
from bench.twin.daq.origin import Origin
from bench.twin.daq.settings import Settings
from bench.twin.world import BrownOutError

COMMAND_SECONDS = 1e-3
"""Simulated time of a command that asks the card for its state (assumed: a call over a network)."""
SLICE = 0.5
"""How long in s to wait before looking whether the client is still there."""

Alive: TypeAlias = Callable[[], bool]
"""Whether the client still waits for the answer."""


class Task:
    """One task; every method takes the world's lock."""

    def __init__(self, name: str, board: Board) -> None:
        self.name = name
        self.settings = Settings()
        self._board = board
        self._world = board.world
        self._card = board.card
        self._run: Run | None = None

    @contextlib.contextmanager
    def configure(self) -> Iterator[Settings]:
        """The settings, to be changed; not while the task runs."""
        with self._world.lock:
            self._check_idle()
            yield self.settings

    def reserve(self) -> None:
        """Verify the settings and keep the card from other tasks."""
        with self._world.lock:
            self.settings.verify()
            user = self._board.user
            if user not in (None, self.name):
                raise DaqError(Code.PAL_RESOURCE_RESERVED, f"Task: {self.name}; by: {user}")
            self._board.user = self.name

    def start(self, automatic: bool = False) -> None:
        """Reserve the card and arm or begin the acquisition."""
        with self._world.lock:
            self._check_idle()
            self.reserve()
            self._tick()
            key = self._board.occasions.next("acquisition")
            self._run = Run(self._world.now, self._world.past, key, automatic)
            self._world.changed.notify_all()

    def stop(self) -> None:
        """End the acquisition, if there is one, and let others have the card."""
        with self._world.lock:
            self._run = None
            if self._board.user == self.name:
                self._board.user = None
            self._world.changed.notify_all()

    @property
    def position(self) -> int:
        """How many samples of each channel were read since the start."""
        return self._run.position if self._run else 0

    def poll(self) -> tuple[int, bool]:
        """How many samples of each channel were acquired, and whether the task is done."""
        with self._world.lock:
            self._tick()
            if self._run is None or self.settings.clock is None:
                return 0, self._run is None
            acquired = self._acquired(self._run)
            return acquired, acquired == self.settings.total

    def wait_until_done(self, timeout: float, alive: Alive) -> None:
        """Wait until all samples were acquired; `timeout` in s, -1 for ever."""
        with self._world.lock:
            goal = math.inf if self.settings.total is None else self.settings.total
            if self._run is None or self.settings.clock is None:
                return
            if not self._reach(self._run, goal, _budget(timeout), alive):
                raise DaqError(Code.WAIT_UNTIL_DONE_DOES_NOT_INDICATE_DONE, f"Task: {self.name}")

    def read(self, count: int, timeout: float, alive: Alive) -> tuple[Floats, bool]:
        """The next samples.

        Args:
            count: How many of each channel; -1 for all that a finite task has left, or for what a
                continuous one has acquired.
            timeout: How long to wait for them, in s; -1 for ever.
            alive: Asked while waiting.

        Returns:
            V, shaped (channels, samples), and whether nothing is missing because of the time-out.
        """
        with self._world.lock:
            budget = _budget(timeout)
            if self.settings.clock is None:
                return self._on_demand(max(1, count)), True
            if self._run is None:
                if not self.settings.auto_start:
                    raise DaqError(
                        Code.CANNOT_READ_WHEN_AUTO_START_FALSE_AND_TASK_NOT_RUNNING_OR_COMMITTED
                    )
                self.start(automatic=True)
            assert self._run is not None
            return self._read(self._run, count, budget, alive)

    def every(self, count: int, alive: Alive) -> Iterator[None]:
        """Something each time that `count` more samples of each channel were acquired.

        At the virtual pace the samples of one event must have been read before time is let pass
        for the next: nothing else would hold it back.
        """
        run, events = None, 0
        while alive():
            with self._world.lock:
                if run is not self._run:
                    run, events = self._run, 0
                reached = self._reach_next(run, (events + 1) * count, count, alive)
            if reached:
                events += 1
                yield

    def done(self, alive: Alive) -> Iterator[None]:
        """Something each time that a started finite acquisition is complete."""
        reported = None
        while alive():
            with self._world.lock:
                run = self._run if self._run is not reported else None
                complete = self._reach_next(run, self.settings.total, 0, alive)
            if complete:
                reported = run
                yield

    def _reach_next(self, run: Run | None, goal: int | None, unread: int, alive: Alive) -> bool:
        """Reach the goal, or wait a little; at most `unread` samples may wait to be read."""
        total = self.settings.total
        if run is None or goal is None or (total is not None and goal > total):
            self._world.changed.wait(SLICE)
            return False
        held_back = unread and run.position < goal - unread and self._world.pace == "virtual"
        if held_back and self._acquired(run) < goal:
            self._world.changed.wait(SLICE)
            return False
        with contextlib.suppress(DaqError):  # stopped meanwhile: nothing to tell
            return self._reach(run, goal, SLICE, alive)
        return False

    def _read(self, run: Run, count: int, budget: float, alive: Alive) -> tuple[Floats, bool]:
        total = self.settings.total
        if total is not None:
            if run.position == total:
                raise DaqError(Code.SAMPLES_WILL_NEVER_BE_AVAILABLE, f"Task: {self.name}")
            left = total - run.position
            count = left if count < 0 else min(count, left)
        elif count < 0:
            count = self._acquired(run) - run.position
        complete = self._reach(run, run.position + count, budget, alive)
        if self._board.failure is not None:
            raise DaqError(self._board.failure, f"Task: {self.name}")
        acquired = self._acquired(run)
        if total is None and self._overwritten(run, acquired):
            raise DaqError(Code.SAMPLES_NO_LONGER_AVAILABLE, f"Task: {self.name}")
        samples = self._samples(run, min(count, acquired - run.position))
        run.position += samples.shape[1]
        if run.automatic and run.position == total:
            self.stop()
        self._world.changed.notify_all()
        return samples, complete

    def _overwritten(self, run: Run, acquired: int) -> bool:
        unread = acquired - run.position
        return self._world.pace == "wall" and unread > self.settings.buffer_samples

    def _samples(self, run: Run, count: int) -> Floats:
        if count <= 0 or run.origin is None:
            return np.empty((len(self.settings.inputs), 0))
        first, total = run.position - run.origin.before, self.settings.total
        if total is None or not self._board.dropped:
            return self._sampled(run, run.origin, first, count)
        whole = min(count, max(0, total // 2 - run.position))
        after = first + whole + self._board.dropped
        parts = ((first, whole), (after, count - whole))
        samples = [self._sampled(run, run.origin, *part) for part in parts if part[1]]
        return np.concatenate(samples, axis=1)

    def _sampled(self, run: Run, origin_: Origin, first: int, count: int) -> Floats:
        zero, channels = self._zero(run, origin_), self.settings.channels
        return self._card.sample(self._world, origin_.key, zero, first, count, self._rate, channels)

    def _on_demand(self, count: int) -> Floats:
        self.reserve()
        self._tick()
        begin, rate = self._world.now, self.settings.fastest
        self._pass(count / rate)
        channels, key = self.settings.channels, self._board.occasions.next("on demand")
        samples = self._card.sample(self._world, key, begin, 0, count, rate, channels)
        if self._run is None:
            self._board.user = None
        return samples

    def _reach(self, run: Run, goal: float, budget: float, alive: Alive) -> bool:
        """Wait, or let pass, until `goal` samples are acquired; False if the budget (s) is spent.

        Raises:
            DaqError: The task was stopped meanwhile, or the client is gone.
        """
        while True:
            self._world.catch_up()
            if self._acquired(run) >= goal:
                return True
            if budget <= 0.0:
                return False
            step = min(budget, self._missing(run, goal))
            if self._world.pace == "virtual" and run.origin is not None and step < math.inf:
                self._pass(step)
                budget -= step
            else:
                begun = time.monotonic()
                self._world.changed.wait(min(max(step, 1e-3), SLICE))
                budget -= time.monotonic() - begun
            if self._run is not run or not alive():
                raise DaqError(Code.OPERATION_ABORTED, f"Task: {self.name}")

    def _missing(self, run: Run, goal: float) -> float:
        """How much time in s must pass until `goal` samples are there, as far as is known."""
        if run.origin is None or math.isinf(goal):
            return math.inf
        zero, channels = self._zero(run, run.origin), len(self.settings.inputs)
        index = int(goal) - run.origin.before - 1
        return self._card.sample_time(zero, index, self._rate, channels) - self._world.now

    def _acquired(self, run: Run) -> int:
        """How many samples of each channel there are by now."""
        if run.origin is None:
            begun = run.begun - (self._world.past - run.past)
            settings, key = self.settings, run.key
            run.origin = origin.find(self._world, self._card, settings, begun, key)
            if run.origin is None:
                return 0
            run.past = self._world.past
        zero, channels = self._zero(run, run.origin), len(self.settings.inputs)
        acquired = self._card.scans_until(zero, self._world.now, self._rate, channels)
        acquired = max(0, acquired + run.origin.before)
        return acquired if self.settings.total is None else min(acquired, self.settings.total)

    def _zero(self, run: Run, origin_: Origin) -> float:
        return origin_.zero - (self._world.past - run.past)

    @property
    def _rate(self) -> float:
        assert self.settings.clock is not None
        return self.settings.clock.rate

    def _check_idle(self) -> None:
        if self._run is not None:
            raise DaqError(Code.CAN_NOT_PERFORM_OP_WHILE_TASK_RUNNING, f"Task: {self.name}")

    def _tick(self) -> None:
        """What a command costs at the virtual pace; at the other it costs what it costs."""
        if self._world.pace == "virtual":
            self._pass(COMMAND_SECONDS)
        self._world.catch_up()

    def _pass(self, seconds: float) -> None:
        with contextlib.suppress(BrownOutError):  # the device's affair: it has been reset
            self._world.advance(seconds)


def _budget(timeout: float) -> float:
    if timeout == -1.0:
        return math.inf
    if not timeout >= 0.0:
        raise DaqError(Code.INVALID_TIMEOUT_VAL, f"Timeout: {timeout}")
    return timeout
