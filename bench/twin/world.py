"""One world with simulated time: supply, shunt, decoupling, device load and marker pin.

Time advances only when somebody in the lab says so (`advance`, `run`): the device while it boots,
erases, sends bytes or infers; an instrument for the samples or the interval that it is asked for;
a command by its fixed cost. At the wall pace the same calls also wait until the wall clock has
caught up. One lock guards everything: whoever touches the world, or anything attached to it, holds
`World.lock`; whoever waits for an event of another client waits on `World.changed`.
"""

import math
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

import numpy as np

from bench.twin import circuit
from bench.twin.circuit import Components, Floats, History

Pace: TypeAlias = Literal["virtual", "wall"]
NoiseKey: TypeAlias = tuple[str | int, ...]
"""What noise is a function of, besides the station's seed, the channel and the time."""


class Load(Protocol):
    """Something powered through the shunt."""

    def power_on(self) -> None:
        """The supply rose; called with the world's lock held."""

    def power_off(self) -> None:
        """The supply went, or fell below the brown-out level; called with the lock held."""


@dataclass(frozen=True)
class Rise:
    """A rising edge of the marker: its time in s and the key of the noise of its window."""

    time: float
    key: NoiseKey


class BrownOutError(Exception):
    """The device's voltage fell below its brown-out level; the device has been reset."""


@dataclass
class World:
    """The state of the lab between its instruments; see the module's text for time and locks.

    Attributes:
        parts: Shunt, capacitor and marker level.
        pace: ``virtual`` jumps, ``wall`` waits.
        brown_out: Level in V below which the device resets (ESP32: 2.43 V).
        now: Simulated time in s.
        identity: What runs on the device (set by the application); part of the noise key.
        power_cycle: How often the output went on since the world was begun.
    """

    parts: Components = field(default_factory=Components)
    pace: Pace = "virtual"
    brown_out: float = 2.43
    now: float = 0.0
    identity: str = ""
    power_cycle: int = 0
    rises: list[Rise] = field(default_factory=list)
    falls: list[float] = field(default_factory=list)
    history: History = field(default_factory=History)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.changed = threading.Condition(self.lock)
        self._load: Load | None = None
        self._source, self._current, self._marker, self._device = math.nan, 0.0, False, 0.0
        self._windows = 0
        self._origin = time.monotonic()
        self._record()

    def attach(self, load: Load) -> None:
        """Connect the device behind the shunt."""
        self._load = load

    def begin(self) -> None:
        """Start afresh at time zero; the output must be off. Nothing measured before matters."""
        self.now, self.power_cycle, self._windows = 0.0, 0, 0
        self._device = 0.0
        self._origin = time.monotonic()
        self.rises.clear()
        self.falls.clear()
        self.history = History()
        self._record()

    @property
    def on(self) -> bool:
        """Whether the supply's output is connected."""
        return not math.isnan(self._source)

    def connect(self, volts: float) -> None:
        """The supply's output is on at `volts` V; powers the device if it was off."""
        was_on = self.on
        self._source = volts
        self._record()
        if not was_on:
            self.power_cycle += 1
            self._windows = 0
            self._load_on()

    def disconnect(self) -> None:
        """The supply's output is off, its terminals open."""
        if not self.on:
            return
        self._source = math.nan
        self._record()
        if self._load is not None:
            self._load.power_off()

    def draw(self, amps: float) -> None:
        """The device draws `amps` A from now on."""
        self._current = amps
        self._record()

    def mark(self, level: bool) -> None:
        """Set the marker pin; a rise is a trigger that carries the key of its window's noise."""
        if level and not self._marker:
            self._windows += 1
            key = (self.identity, self.power_cycle, self._windows)
            self.rises.append(Rise(self.now, key))
        if self._marker and not level:
            self.falls.append(self.now)
        self._marker = level
        self._record()
        self.changed.notify_all()

    def advance(self, seconds: float) -> None:
        """Let `seconds` s pass with the load as it is; `BrownOutError` if the device resets."""
        if seconds <= 0.0:
            return
        self.now += seconds
        self._device = self._voltage()
        if self.pace == "wall":
            self._wait()
        if self.on and self._current > 0.0 and self._settled() < self.brown_out:
            self._check_brown_out()
        self.changed.notify_all()

    def run(self, steps: Iterable[tuple[float, float]]) -> None:
        """Draw (amps, seconds) after (amps, seconds); then the last current stays."""
        for amps, seconds in steps:
            self.draw(amps)
            self.advance(seconds)

    def current(self) -> float:
        """Current through the shunt in A, now."""
        return (self._source - self._voltage()) / self.parts.shunt if self.on else 0.0

    def device_voltage(self) -> float:
        """Voltage across the device in V, now."""
        return self._voltage()

    def signals(self, times: Floats) -> tuple[Floats, Floats, Floats]:
        """Supply, shunt and marker voltages in V at `times` (s, ascending, not after `now`)."""
        return circuit.signals(self.parts, self.history, times)

    def energy(self, begin: float, end: float) -> float:
        """The true energy in J that the device took between two times in s."""
        return circuit.energy(self.parts, self.history, begin, end)

    def _settled(self) -> float:
        return self._source - self.parts.shunt * self._current

    def _check_brown_out(self) -> None:
        if self._device >= self.brown_out or self._load is None:
            return
        self._load.power_off()
        self._load_on()
        raise BrownOutError(f"device at {self._device:.2f} V, below {self.brown_out:.2f} V: reset")

    def _load_on(self) -> None:
        if self._load is not None:
            self._load.power_on()

    def _voltage(self) -> float:
        history = self.history
        last = (np.array([column[-1]]) for column in (history.source, history.load, history.device))
        elapsed = np.array([self.now - history.start[-1]])
        return float(circuit.device_voltage(self.parts, elapsed, *last)[0])

    def _record(self) -> None:
        if self.history.start:
            self._device = self._voltage()
        self.history.append(self.now, self._source, self._current, self._marker, self._device)

    def _wait(self) -> None:
        late = self._origin + self.now - time.monotonic()
        while late > 0.0:
            self.changed.wait(late)
            late = self._origin + self.now - time.monotonic()
