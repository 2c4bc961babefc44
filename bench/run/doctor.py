"""The station's self-check: is there what the station file describes, and does it agree?

From the outside in, so that each check rests on those before it: who the instruments are; that
nothing is there while the output is off, above all no second feed; then, powered, who the device
is, and whether shunt and supply, card and device, marker and threshold agree. A check that cannot
be made says why, and power is never put on top of another feed. The output is off afterwards.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench.device.console import DeviceConsole, Inference
from bench.device.errors import CommandRefusedError
from bench.device.firmware import check_firmware
from bench.device.flash import Flasher
from bench.device.images import encode_model
from bench.errors import BenchError
from bench.instruments.digitizer import Digitizer, TriggerMissingError
from bench.measurement import checks
from bench.measurement.analysis import compare_supply, idle_of, waiting_of
from bench.measurement.bracket import check_bracket
from bench.measurement.capture import (
    TIMED_INFERENCES,
    capture_idle,
    capture_window,
    idle_samples,
    plan_window,
    trace_limits,
)
from bench.measurement.checks import Check, PhantomSupplyError, Verdict, failed, not_possible, seen
from bench.measurement.correction import corrected
from bench.measurement.declared import circuit_of, corrections_of, figures_of, marker_figures_of
from bench.measurement.energy import WindowEnergy, window_energy
from bench.measurement.plausibility import compare_clocks
from bench.measurement.trace import Trace
from bench.measurement.windows import find_window
from bench.run import probe
from bench.run.power import off_first, power_explains
from bench.run.subject import Firmware
from bench.station.configuration import Station
from bench.station.machine import LeasedStation, Phase

QUICK_SECONDS = 0.1
"""Length of a stretch at the start of a run: 10,000 samples show a zero and a rms within 1 %."""

THOROUGH_SECONDS = 1.0
"""Length of a stretch for somebody who waits for it."""

DEAD_SECONDS = 0.2
"""How long a device that should be dead is listened to: its answer takes a few ms."""

PHANTOM = "phantom"
UNPOWERED = (
    f"{PHANTOM} voltage",
    f"{PHANTOM} current",
    "zero of supply",
    "zero of shunt",
    "zero of marker",
    "noise of supply",
    "noise of shunt",
    "noise of marker",
)
RUNNING = ("window", "device voltage", "marker", "marker low", "marker high", "clock")
PLAN = (
    "card",
    "supply",
    *UNPOWERED,
    f"{PHANTOM} console",
    "chip",
    "shunt in the loader",
    "firmware",
    "shunt at idle",
    *RUNNING,
    "output off",
)
"""Every check in order; what ends the self-check early belongs to the next one that was due."""


@dataclass(frozen=True)
class AtHand:
    """What a self-check needs of a bench.

    Attributes:
        leased: The station with its supply.
        flasher: For its device.
        firmware: What to flash besides the probe, or None where the device has it already.
        model_offset: Of the model partition, which the probe is written to.
        open_digitizer: Gives the card; it stays open.
        open_console: Opens the device's console.
        power_cycle: Off and on again, until the console is ready.
    """

    leased: LeasedStation
    flasher: Flasher
    firmware: Firmware | None
    model_offset: int
    open_digitizer: Callable[[], Digitizer]
    open_console: Callable[[], DeviceConsole]
    power_cycle: Callable[[DeviceConsole], None]


def examine(bench: AtHand, seconds: float) -> tuple[Check, ...]:
    """Every check of `PLAN`, each passed, failed or not possible; `seconds` for each stretch.

    A `BenchError` is a failed check, never raised.
    """
    found: list[Check] = []
    try:
        try:
            for check in _Examination(bench, seconds).checks():
                found.append(check)  # one by one: an error keeps those before it
        finally:
            if bench.leased.phase is Phase.POWERED:
                bench.leased.power_off()
    except BenchError as error:
        found.append(failed(_due(found), error))
    return _complete(found)


def first_error(found: Sequence[Check]) -> BenchError | None:
    """What is wrong with the station, or None."""
    return next((check.error for check in found if check.error is not None), None)


def _due(found: Sequence[Check]) -> str:
    made = {check.name for check in found}
    return next(name for name in PLAN if name not in made)


def _complete(found: Sequence[Check]) -> tuple[Check, ...]:
    made, cause = {check.name: check for check in found}, ""
    whole: list[Check] = []
    for name in PLAN:
        check = made.get(name) or not_possible(name, f"see {cause}")
        if check.verdict is Verdict.FAILED:
            cause = name
        whole.append(check)
    return tuple(whole)


class _Examination:
    """One self-check on its way."""

    def __init__(self, bench: AtHand, seconds: float) -> None:
        self._bench, self._seconds = bench, seconds
        self._station = bench.leased.station

    def checks(self) -> Iterator[Check]:
        """Check after check, in the order of `PLAN`; an error belongs to the next one due."""
        bench, card = self._bench, None
        try:
            card = bench.open_digitizer()
            yield seen("card", card.identity)
        except BenchError as error:
            yield failed("card", error)
        bench.leased.configure()
        yield seen("supply", bench.leased.identity())
        time.sleep(self._station.supply.off_time)  # the decoupling empties itself
        fed = False
        for check in self._unpowered(card):
            fed |= check.name.startswith(PHANTOM) and check.error is not None
            yield check
        if fed:
            return
        bench.leased.power_on(self._station.supply.voltages[1])
        with power_explains(bench.leased):
            yield from self._powered(card)
        bench.leased.power_off()
        yield seen("output off", "confirmed by the supply")

    def _powered(self, card: Digitizer | None) -> Iterator[Check]:
        """Who the device is, and what is seen while it waits and infers."""
        bench = self._bench
        chip = bench.flasher.identify(stay=True)
        yield seen("chip", f"{chip.chip}, {chip.mac}")
        if card is not None:
            yield self._in_the_loader(card)
        self._flash()
        with bench.open_console() as console, off_first(bench.leased):
            bench.power_cycle(console)
            yield self._firmware(console)
            if card is not None:
                yield self._at_idle(card)
                yield from self._running(card, console)

    def _unpowered(self, card: Digitizer | None) -> Iterator[Check]:
        """What card and console show while the output is off."""
        if card is not None:
            yield from self._quiet(card)
        yield self._dead_console()

    def _quiet(self, card: Digitizer) -> Iterator[Check]:
        trace, *_ = self._waiting(card)
        trace = corrected(trace, corrections_of(self._station))
        figures, names = figures_of(self._station), iter(UNPOWERED)
        voltage = checks.phantom_voltage(next(names), trace)
        yield voltage
        ohms = self._station.shunt.resistance
        current = checks.phantom_current(next(names), trace, figures.shunt_voltage, ohms)
        yield current
        channels = (
            ("supply", trace.supply, figures.supply, voltage),
            ("shunt", trace.shunt, figures.shunt_voltage, current),
            ("marker", trace.marker, marker_figures_of(self._station), voltage),
        )
        for channel, samples, declared, feed in channels:
            name = next(names)
            if feed.error is None:
                yield checks.zero(name, channel, samples, declared)
            else:
                yield not_possible(name, f"see {feed.name}")
        for channel, samples, declared, _ in channels:
            yield checks.noise(next(names), channel, samples, declared)

    def _dead_console(self) -> Check:
        with self._bench.open_console() as console:
            if not console.is_alive(DEAD_SECONDS):
                return seen(f"{PHANTOM} console", "silent")
        return failed(
            f"{PHANTOM} console",
            PhantomSupplyError(
                "device: it answers with the supply's output off, wanted silence; something else "
                "feeds it: unplug the board's USB cable, and see that the serial adapter's TX "
                "cannot drive an unpowered chip"
            ),
        )

    def _in_the_loader(self, card: Digitizer) -> Check:
        return self._shunt("shunt in the loader", waiting_of(*self._waiting(card)))

    def _flash(self) -> None:
        parts = {self._bench.model_offset: encode_model(probe.image())}
        if self._bench.firmware is not None:
            parts |= self._bench.firmware.parts
        self._bench.flasher.write(parts)

    def _firmware(self, console: DeviceConsole) -> Check:
        profile = console.profile()
        check_firmware(profile)
        return seen("firmware", profile)

    def _at_idle(self, card: Digitizer) -> Check:
        return self._shunt("shunt at idle", idle_of(*self._waiting(card)))

    def _waiting(self, card: Digitizer) -> tuple[Trace, Station, int]:
        trace = capture_idle(card, self._station, self._seconds, {})
        return trace, self._station, idle_samples(self._station, self._seconds)

    def _shunt(self, name: str, waiting: WindowEnergy) -> Check:
        """The current through the shunt beside the supply's own reading, taken at once."""
        reading = self._bench.leased.measure_current()
        currents = compare_supply(waiting, reading, self._station)
        return checks.shunt_against_supply(name, currents)

    def _running(self, card: Digitizer, console: DeviceConsole) -> Iterator[Check]:
        """One window of the probe: what it shows of marker, clocks and voltage."""
        station, patience = self._station, self._station.timeouts.console
        try:
            console.arena()
            console.load(probe.stimulus())
            timed = console.infer(TIMED_INFERENCES, 0, 2.0 * patience)
        except CommandRefusedError as error:
            yield from (not_possible(name, f"the probe does not run: {error}") for name in RUNNING)
            return
        plan = plan_window(station, timed.latency)

        def infer() -> Inference:
            return console.infer(plan.inferences, plan.warm_up, 2.0 * plan.seconds + patience)

        try:
            trace, inference = capture_window(card, station, plan, infer, {})
        except TriggerMissingError as error:
            yield failed("marker", error)
            return
        limits = trace_limits(station, plan.samples)
        yield checks.samples("window", trace, limits)
        voltage = checks.device_voltage("device voltage", trace, limits.minimum_voltage)
        yield voltage
        if voltage.error is not None:
            return
        window = find_window(trace, limits)
        sound = corrected(trace, corrections_of(station))
        energy = window_energy(sound, window, circuit_of(station))
        check_bracket(sound, window, plan.inferences, circuit_of(station))
        yield seen("marker", "one rise at the trigger, one fall as the work ends")
        threshold = limits.marker_threshold
        yield from checks.marker_levels("marker low", "marker high", trace, window, threshold)
        clocks = compare_clocks(energy, inference.seconds, figures_of(station))
        yield checks.clocks_agree("clock", clocks)
