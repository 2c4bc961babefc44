"""Put a model on a station's device, make sure that it runs, and measure it.

One attempt goes: configure the supply (a fresh session, output off), power on, flash, power cycle,
check what the device says and computes, measure windows, power off. A bench error ends an attempt;
the next one starts from the beginning. A variant that does not run right is an answer, no error,
and gets no energy.
"""

import logging
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from bench.device.console import DeviceConsole, Inference
from bench.device.deployability import (
    Step,
    check_model,
    check_time,
)
from bench.device.errors import CommandRefusedError, DownloadModeError, PortError
from bench.device.firmware import BUILD_AND_FLASH, check_firmware
from bench.device.flash import Flasher, FlashError, WrongDeviceError
from bench.device.images import encode_model
from bench.errors import BenchError, DeviceError, DigitizerError, SupplyError
from bench.measurement.analysis import check_supply, energies_of
from bench.measurement.capture import TIMED_INFERENCES, plan_window
from bench.measurement.checks import Check, OffsetError, OpenLeadError, PhantomSupplyError
from bench.measurement.energy import WindowEnergy
from bench.run.doctor import AtHand, examine, first_error
from bench.run.golden import check_golden
from bench.run.live import MeasuredLive, measure_live
from bench.run.power import off_first, power_explains
from bench.run.quiet import check_quiet
from bench.run.recorder import Recorder
from bench.run.subject import (
    Firmware,
    Measured,
    MeasuredWindow,
    Result,
    Settings,
    Subject,
    series_of,
)
from bench.station.configuration import Station
from bench.station.machine import LeasedStation, Phase

log = logging.getLogger(__name__)

_OF_THE_STATION = (
    SupplyError,
    DigitizerError,
    PortError,
    FlashError,
    WrongDeviceError,
    DownloadModeError,
    PhantomSupplyError,
    OpenLeadError,
    OffsetError,
)
GOLDEN_TIMEOUT = 30.0
"""Longest time in s for one golden inference: far beyond what counts as running in time."""


class Workbench:
    """A leased station with its instruments and device at hand, for many subjects.

    Args:
        station: With real addresses.
        settings: How to measure.
        firmware: What to flash besides the model, or None where the device has it already.
        esptool_environment: Added to esptool's environment.
    """

    def __init__(
        self,
        station: Station,
        settings: Settings,
        firmware: Firmware | None,
        esptool_environment: Mapping[str, str],
    ) -> None:
        self.station, self._settings, self._firmware = station, settings, firmware
        self._leased = LeasedStation(station)
        self._recorder = Recorder(station, settings.traces, self._leased.leave_off)
        self._flasher = Flasher(
            port=station.device.port or "",
            baud=station.device.flash_baud,
            chip=station.device.chip,
            expected_mac=station.device.mac,
            timeout=station.timeouts.flash,
            environment=esptool_environment,
            meanwhile=self._leased.watch,  # it takes seconds, in which nobody asks the supply
        )
        self._identified = False

    def __enter__(self) -> Self:
        self._leased.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:  # first of all, whatever else goes wrong: the output goes off
            self._leased.__exit__(kind, error, trace)
        finally:
            self._recorder.close()

    def examine(self, seconds: float) -> list[tuple[Check, ...]]:
        """The station's self-check (`bench.run.doctor`), once more if it finds something wrong.

        Args:
            seconds: Length of each stretch that is looked at.

        Returns:
            The checks of each attempt; the last one counts.
        """
        at_hand = AtHand(
            leased=self._leased,
            flasher=self._flasher,
            firmware=self._firmware,
            model_offset=self._settings.model_offset,
            open_digitizer=lambda: self._recorder.digitizer,
            open_console=self._open_console,
            power_cycle=self._power_cycle,
        )
        attempts: list[tuple[Check, ...]] = []
        while len(attempts) < self._settings.attempts:
            attempts.append(examine(at_hand, seconds))
            self._identified = first_error(attempts[-1]) is None
            if self._identified:
                break
            self._forget()
        return attempts

    def measure(self, subject: Subject) -> Result:
        """Steps of deployability and, if all are kept, energies.

        Raises:
            BenchError: Every attempt ended in one; the last, with the others as notes.
        """
        steps = check_model(subject.image.model, subject.profile or self._settings.profile)
        errors: list[str] = []
        if not all(step.kept for step in steps):
            return Result(list(steps))
        while True:
            try:
                result = self._attempt(subject, Result(list(steps)))
            except BenchError as error:
                self._forget()
                errors.append(f"{type(error).__name__}: {error}")
                log.warning("%s, attempt %d: %s", subject.name, len(errors), error)
                if len(errors) == self._settings.attempts:
                    for number, text in enumerate(errors[:-1], start=1):
                        error.add_note(f"attempt {number}: {text}")
                    raise
            else:
                result.errors = errors
                return result

    def _attempt(self, subject: Subject, result: Result) -> Result:
        leased = self._leased
        card = self._recorder.digitizer  # a card that is missing is noticed before power is spent
        leased.configure()
        try:
            check_quiet(card, self.station)
            leased.power_on(leased.station.supply.voltages[1])
            with power_explains(leased):
                self._flash(subject)
            with power_explains(leased), self._open_console() as console, off_first(leased):
                self._power_cycle(console)
                arena = self._load(subject, console, result)
                if result.runs:
                    limit = self._limit(GOLDEN_TIMEOUT)
                    result.steps.append(check_golden(subject, console, limit))
                if result.runs:
                    timed = console.infer(TIMED_INFERENCES, 0, self._limit(GOLDEN_TIMEOUT))
                    result.steps.append(check_time(timed.latency))
                if result.runs:
                    result.measured = self._measure(subject, console, timed.latency, arena)
                    result.live = self._live(subject, console)
        finally:
            if leased.phase is Phase.POWERED:
                leased.power_off()
        return result

    def _flash(self, subject: Subject) -> None:
        if not self._identified:
            self._flasher.identify()
        parts = self._parts(subject)
        log.info("%s: flashing %d bytes", subject.name, sum(map(len, parts.values())))
        self._flasher.write(parts)
        self._identified = True

    def _parts(self, subject: Subject) -> Mapping[int, bytes]:
        """What is flashed: on a board that the user has flashed, the model alone."""
        if subject.build is not None:
            return subject.build.parts
        model = {self._settings.model_offset: encode_model(subject.image)}
        if self._firmware is None or self._identified:
            return model
        return {**model, **self._firmware.parts}

    def _open_console(self) -> DeviceConsole:
        device = self.station.device
        return DeviceConsole.open(device.port or "", device.baud, self.station.timeouts.console)

    def _power_cycle(self, console: DeviceConsole) -> None:
        self._leased.power_off()
        console.discard_input()  # what an earlier boot has said
        self._leased.power_cycle()
        console.wait_until_booted(self.station.timeouts.boot)

    def _load(self, subject: Subject, console: DeviceConsole, result: Result) -> int:
        """Whether the device has loaded the model; returns the arena that it uses in bytes."""
        check_firmware(console.profile())
        model = console.model()  # refused where flash is not what was written: no answer
        image = subject.image
        if (model.crc, model.name, model.technique) != (image.crc, image.name, image.technique):
            raise DeviceError(
                f"device holds {model.name}-{model.technique} with CRC {model.crc:08x}, wanted "
                f"{subject.name} with {image.crc:08x}: flash it again; an application that was "
                f"built around a model keeps to that one: {BUILD_AND_FLASH}"
            )
        try:
            arena, size = console.arena()
        except CommandRefusedError as error:
            result.steps.append(Step("loads", False, str(error)))
            return 0
        result.steps.append(Step("loads", True, "arena by the device", arena, size, "B"))
        return arena

    def _measure(
        self, subject: Subject, console: DeviceConsole, latency: float, arena: int
    ) -> Measured:
        plan = plan_window(self.station, latency, self._settings.inferences)

        def infer() -> Inference:
            limit = self._limit(2 * plan.seconds)
            return console.infer(plan.inferences, plan.warm_up, limit)

        windows: list[MeasuredWindow] = []
        label = subject.label or subject.name
        idle = [self._recorder.idle(f"{label}-idle-1")]
        for cycle in range(1, self._settings.power_cycles + 1):
            if cycle > 1:
                self._power_cycle(console)
                console.load(subject.inputs[0])
            for number in range(1, self._settings.windows + 1):
                stem = f"{label}-{cycle}-{number}"
                windows.append(self._recorder.window(plan, infer, cycle, stem))
                self._leased.check_power()
        idle.append(self._recorder.idle(f"{label}-idle-2"))
        seconds = sum(window.device_seconds for window in windows)
        supply_current, supply_score = self._supply_current(idle[-1].energy)
        return Measured(
            plan=plan,
            energies=energies_of(series_of(plan, windows, idle), self.station),
            latency=seconds / (len(windows) * plan.inferences),
            supply_current=supply_current,
            supply_score=supply_score,
            arena=arena,
            clock_hz=console.clock_hz(),
            operators=tuple(console.operator_times()),
            windows=tuple(windows),
            idle=tuple(idle),
        )

    def _live(self, subject: Subject, console: DeviceConsole) -> MeasuredLive | str | None:
        if subject.live is None:
            return None
        windows = subject.live.windows
        file = self._recorder.traces / f"{subject.name}-live.tdms"
        try:
            return measure_live(self._recorder.digitizer, self.station, console, windows, file)
        except CommandRefusedError as error:
            return str(error)

    def _supply_current(self, idle: WindowEnergy) -> tuple[float, float]:
        """The supply's own reading of the idle current in A, and how the shunt's agrees with it."""
        reading = self._leased.measure_current()
        return reading, check_supply(idle, reading, self.station)

    def _forget(self) -> None:
        """Make the next attempt start from the beginning."""
        self._recorder.close()
        self._identified = False

    def _limit(self, seconds: float) -> float:
        return seconds + self.station.timeouts.console


def is_broken(error: BenchError) -> bool:
    """Whether an error means that the station cannot be used for any other subject either."""
    return isinstance(error, _OF_THE_STATION)
