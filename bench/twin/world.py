"""One world with simulated time: supply, shunt, decoupling, device load and marker pin.

Time advances only when somebody in the lab says so (`advance`, `run`): the device while it boots,
erases, sends bytes or infers; an instrument for the samples or the interval that it is asked for;
a command by its fixed cost. At the wall pace the same calls also wait until the wall clock has
caught up. One lock guards everything: whoever touches the world, or anything attached to it, holds
`World.lock`; whoever waits for an event of another client waits on `World.changed`.
"""

import contextlib
import math
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from bench.twin import circuit
from bench.twin.circuit import Components, Floats, History

_LAG = 1e-3
"""How far in s the wall clock may be ahead before it is worth telling everybody."""
Pace: TypeAlias = Literal["virtual", "wall"]
NoiseKey: TypeAlias = tuple[str | int, ...]
"""What noise is a function of, besides the station's seed, the channel and the time."""


_TICKS = 2.0**40
"""Moments per s: on this grid sums of durations are exact (for 2 h), so that no sample depends on
how a client happens to cut what it reads and writes."""


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
    """The device's voltage fell below its brown-out level, or the supply tripped: it was reset."""


@dataclass
class World:
    """The state of the lab between its instruments; see the module's text for time and locks.

    Attributes:
        parts: Shunt, capacitor and marker level.
        pace: ``virtual`` jumps, ``wall`` waits.
        brown_out: Level in V below which the device resets (ESP32: 2.43 V).
        now: Simulated time in s.
        past: Simulated time in s that passed before the world was last begun.
        identity: What runs on the device (set by the application); part of the noise key.
        power_cycle: How often the device was powered since the world was begun.
        rises: Rising edges of the marker, oldest first.
        history: All that happened to the circuit since the world was begun.
    """

    parts: Components = field(default_factory=Components)
    pace: Pace = "virtual"
    brown_out: float = 2.43
    now: float = 0.0
    past: float = 0.0
    identity: str = ""
    power_cycle: int = 0
    rises: list[Rise] = field(default_factory=list)
    history: History = field(default_factory=History)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.changed = threading.Condition(self.lock)
        self._device: Load | None = None
        self._powered, self._limit, self._least = False, math.inf, -math.inf
        self.history.append(0.0, math.nan, 0.0, False, 0.0)
        self.begin()

    def attach(self, device: Load) -> None:
        """Connect the device behind the shunt, where something else may feed it already."""
        with self.lock:
            self._device = device
            if self._powered:
                device.power_on()

    def begin(self) -> None:
        """Start afresh at time zero, the output off; nothing measured before matters.

        A device that something else feeds stays as it is.
        """
        fed, load = self._is_enough(math.nan), self.history.load[-1]
        volts = self.parts.seen(math.nan)[0] - self.parts.seen(math.nan)[1] * load if fed else 0.0
        self.past += self.now
        self.now, self.power_cycle, self._windows, self._powered = 0.0, 0, 0, fed
        self._origin = time.monotonic()
        self.rises.clear()
        self.history = History()
        self.history.append(0.0, math.nan, load if fed else 0.0, False, volts)

    @property
    def on(self) -> bool:
        """Whether the supply's output is connected."""
        return not math.isnan(self.history.source[-1])

    @property
    def current(self) -> float:
        """Current through the shunt in A, now."""
        if not self.on:
            return 0.0
        return (self.history.source[-1] - self.device_voltage) / self.parts.series

    @property
    def device_voltage(self) -> float:
        """Voltage across the device in V, now: `circuit.device_voltage` for one moment."""
        history = self.history
        elapsed, initial = self.now - history.start[-1], history.device[-1]
        volts, ohms = self.parts.seen(history.source[-1])
        if math.isnan(volts):
            return max(0.0, initial - history.load[-1] * elapsed / self.parts.decoupling)
        settled = volts - ohms * history.load[-1]
        decay = math.exp(-elapsed / (ohms * self.parts.decoupling))
        return settled + (initial - settled) * decay

    def connect(self, volts: float, limit: float = math.inf) -> None:
        """The supply's output is on at `volts` V; powers the device once that is enough for it.

        A current above `limit` A switches it off again, but for the surge into the decoupling.
        """
        self._change(source=volts)
        self._limit = limit
        self._least = max(self.brown_out, volts - limit * self.parts.series)
        self._power(self._is_enough(volts))

    def disconnect(self) -> None:
        """The supply's output is off, its terminals open."""
        if self.on:
            self._change(source=math.nan)
            self._power(self._is_enough(math.nan))
            self._notify()

    def draw(self, amps: float) -> None:
        """The device draws `amps` A from now on."""
        self._change(load=amps)

    def mark(self, level: bool) -> None:
        """Set the marker pin; a rise is a trigger that carries the key of its window's noise."""
        if level and not self.history.marker[-1]:
            self._windows += 1
            self.rises.append(Rise(self.now, (self.identity, self.power_cycle, self._windows)))
        self._change(marker=level)
        self._notify()

    def advance(self, seconds: float) -> None:
        """Let `seconds` s pass with the load as it is; `BrownOutError` if the device resets."""
        self.run(((self.history.load[-1], seconds),))

    def run(self, steps: Iterable[tuple[float, float]], repeat: int = 1) -> None:
        """Draw (A) for (s), step after step, `repeat` times; the last current stays.

        Raises:
            BrownOutError: The device's voltage fell too low; it has been reset. Or the supply
                tripped.
        """
        steps = tuple(steps)
        for _ in range(repeat):
            for amps, seconds in steps:
                if amps != self.history.load[-1]:
                    self._change(load=amps)
                self.now = round((self.now + seconds) * _TICKS) / _TICKS
                if self.on and self._settled() < self._least:
                    self._check_limits()
            if self.pace == "wall":
                self._wait()
        self._notify()

    def catch_up(self) -> None:
        """At the wall pace, let the time pass by which the wall clock is ahead; else nothing."""
        ahead = time.monotonic() - self._origin - self.now
        if self.pace == "wall" and ahead > _LAG:
            with contextlib.suppress(BrownOutError):  # the device has been told, by its reset
                self.advance(ahead)

    def signals(self, times: Floats) -> tuple[Floats, Floats, Floats]:
        """Supply, shunt and marker voltages in V at `times` (s, ascending, not after `now`)."""
        return circuit.signals(self.parts, self.history, times)

    def energy(self, begin: float, end: float) -> float:
        """The true energy in J that the device took between two times in s."""
        return circuit.energy(self.parts, self.history, begin, end)

    def _power(self, on: bool) -> None:
        if on == self._powered:
            return
        self._powered = on
        if on:
            self.power_cycle += 1
            self._windows = 0
        if self._device is not None:
            (self._device.power_on if on else self._device.power_off)()

    def _is_enough(self, source: float) -> bool:
        """Whether the device, drawing nothing, is at its brown-out level or above."""
        return self.parts.seen(source)[0] >= self.brown_out

    def _settled(self) -> float:
        volts, ohms = self.parts.seen(self.history.source[-1])
        return volts - ohms * self.history.load[-1]

    def _check_limits(self) -> None:
        if self.current > self._limit:
            amps = self.current
            self.disconnect()
            raise BrownOutError(f"supply at {amps:.3g} A, above {self._limit:.3g} A: tripped")
        volts = self.device_voltage
        if volts >= self.brown_out or not self._powered or self._device is None:
            return
        self._device.power_off()
        self._device.power_on()
        raise BrownOutError(f"device at {volts:.2f} V, below {self.brown_out:.2f} V: reset")

    def _change(
        self,
        source: float | None = None,
        load: float | None = None,
        marker: bool | None = None,
    ) -> None:
        history = self.history
        device = self.device_voltage
        history.append(
            self.now,
            history.source[-1] if source is None else source,
            history.load[-1] if load is None else load,
            history.marker[-1] if marker is None else marker,
            device,
        )

    def _notify(self) -> None:
        with self.changed:
            self.changed.notify_all()

    def _wait(self) -> None:
        with self.changed:
            while (late := self._origin + self.now - time.monotonic()) > 0.0:
                self.changed.wait(late)
