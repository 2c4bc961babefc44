"""A leased station and its states: power is on only when all that keeps it safe is in place.

    idle > leased > configured > powered, and back

``leased``: nobody else may use the instrument, and a guardian process stands ready. ``configured``:
the output is off, the limits are set and read back, the instrument reports no error. ``powered``:
the output is on. Whatever goes wrong leads back to ``leased`` with the output off, and leaving the
context leads to ``idle``, also when the process is killed.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import Self

from bench.errors import BenchError, SupplyError
from bench.instruments.registry import open_supply
from bench.instruments.supply import OutputNotOffError, Supply, switch_off
from bench.station.configuration import OVER_VOLTAGE_STEP, Station
from bench.station.guardian import Guardian, Orders
from bench.station.lease import Lease

_VOLTAGE_STEP = 1e-3
_CURRENT_STEP = 1e-3


class Phase(StrEnum):
    """Where a station stands; see the module's text."""

    IDLE = "idle"
    LEASED = "leased"
    CONFIGURED = "configured"
    POWERED = "powered"


class PhaseError(BenchError):
    """Something was asked of a station that its phase does not allow."""


class PowerLostError(SupplyError):
    """The output is no longer on as it was set: a limit tripped, or somebody interfered."""


class LeasedStation:
    """A station that one process may use, as a context manager.

    Args:
        station: Its file, with real addresses.
        locks: Directory of the locks; the machine's own unless told.

    Raises (on entering):
        StationBusyError: Somebody else holds the instrument.
        SupplyError: The guardian does not start.
    """

    def __init__(self, station: Station, *, locks: Path | None = None) -> None:
        self.station = station
        self._phase = Phase.IDLE
        self._lease = Lease(station.supply.resource, locks)
        self._supply: Supply | None = None
        self._guardian: Guardian | None = None
        self._may_be_on = False

    @property
    def phase(self) -> Phase:
        """Where the station stands."""
        return self._phase

    def __enter__(self) -> Self:
        if self.station.waits_for_addresses:
            raise PhaseError(
                f"station {self.station.name} has no addresses yet: start a lab with "
                "`python -m bench twin` and use the ones that it prints"
            )
        waiting = self.station.timeouts.lease
        self._lease.acquire(waiting)
        try:
            self._guardian = Guardian(
                Orders(
                    supply=self.station.supply.model_dump(mode="json"),
                    lock=str(self._lease.guardian_lock),
                    log=str(self._lease.guardian_log),
                    lock_timeout=waiting,
                    patience=self.station.timeouts.guardian,
                )
            )
        except BaseException:
            self._lease.release()
            raise
        self._phase = Phase.LEASED
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            self._shut_down()
        except SupplyError as trouble:
            if error is None:
                raise
            error.add_note(f"while leaving station {self.station.name}: {trouble}")
        finally:
            self._phase = Phase.IDLE
            self._lease.release()

    def configure(self) -> None:
        """Open a new session, switch off, set all limits and confirm them.

        On the twin this is also the moment at which simulated time starts at zero.

        Raises:
            SupplyError: The supply cannot be reached, is another one, or does not confirm.
        """
        self._require(Phase.LEASED, Phase.CONFIGURED)
        settings = self.station.supply
        with self._off_on_error():
            self._phase = Phase.LEASED
            self._disconnect()
            supply = self._supply = open_supply(settings)
            self._switch_off(supply)
            if settings.claims_both_channels:
                supply.reset()
            supply.errors()  # those of the past
            supply.source_resistance = 0.0
            supply.current_limit = settings.current_limit
            supply.over_voltage = settings.over_voltage
            supply.voltage = settings.voltage
            supply.prepare_readings(self.station.device.expected_current)
            self._expect_no_errors(supply)
            self._phase = Phase.CONFIGURED

    def power_on(self, volts: float | None = None) -> None:
        """Switch the output on, after one more look at the limits.

        Args:
            volts: One of the station's voltages; the one for measuring unless told.

        Raises:
            SupplyError: A limit or the voltage is not confirmed, or the guardian has ended.
        """
        self._require(Phase.CONFIGURED)
        settings = self.station.supply
        volts = settings.voltage if volts is None else volts
        if volts not in settings.voltages:
            raise PhaseError(f"{volts:g} V is none of the station's voltages {settings.voltages}")
        supply, guardian = self._instruments()
        with self._off_on_error():
            guardian.check()
            supply.voltage = volts
            _confirm("current limit", supply.current_limit, settings.current_limit, _CURRENT_STEP)
            _confirm("over-voltage", supply.over_voltage, settings.over_voltage, OVER_VOLTAGE_STEP)
            _confirm("voltage", supply.voltage, volts, _VOLTAGE_STEP)
            self._expect_no_errors(supply)
            self._phase, self._may_be_on = Phase.POWERED, True
            supply.output = True
            self._expect_no_errors(supply)

    def power_off(self) -> None:
        """Switch the output off and confirm it; the limits stay.

        Raises:
            OutputNotOffError: Not confirmed; on leaving, the guardian tries again.
        """
        self._require(Phase.CONFIGURED, Phase.POWERED)
        supply, _ = self._instruments()
        with self._off_on_error():
            self._switch_off(supply)
            self._phase = Phase.CONFIGURED

    def power_cycle(self, volts: float | None = None) -> None:
        """Off, `off_time` later on at `volts` V; see `power_on`."""
        self.power_off()
        time.sleep(self.station.supply.off_time)
        self.power_on(volts)

    def check_power(self) -> None:
        """Make sure that the output is still on, the instrument content and the guardian alive.

        Raises:
            PowerLostError: The output is off: a limit tripped, or somebody interfered.
            SupplyError: The instrument reports errors, or the guardian has ended.
        """
        self._require(Phase.POWERED)
        supply, guardian = self._instruments()
        with self._off_on_error():
            guardian.check()
            if not supply.output:
                reasons = "; ".join(supply.errors()) or "it reports no error"
                limits = self.station.supply
                raise PowerLostError(
                    f"station {self.station.name}: the supply switched its output off ({reasons}), "
                    f"wanted it on: its current limit of {limits.current_limit * 1e3:g} mA or its "
                    f"over-voltage limit of {limits.over_voltage:g} V tripped, or somebody "
                    "interfered: look for a short behind the shunt, then check these limits"
                )
            self._expect_no_errors(supply)

    def watch(self) -> None:
        """Make sure of the same while the output should be on; errors as of `check_power`."""
        if self._phase is Phase.POWERED:
            self.check_power()

    def leave_off(self) -> None:
        """Switch off at once if the output is on, because somebody wants out; never fails.

        What the supply does not confirm here, whoever leaves the context tries again.
        """
        if self._phase is Phase.POWERED:
            with suppress(SupplyError):
                self.power_off()

    def measure_current(self) -> float:
        """The supply's own reading of the current in A, a median of several."""
        self._require(Phase.CONFIGURED, Phase.POWERED)
        with self._off_on_error():
            return self._instruments()[0].measure_current()

    def measure_voltage(self) -> float:
        """The supply's own reading of the voltage in V, a median of several."""
        self._require(Phase.CONFIGURED, Phase.POWERED)
        with self._off_on_error():
            return self._instruments()[0].measure_voltage()

    def identity(self) -> str:
        """The supply's reply to ``*IDN?``."""
        self._require(Phase.CONFIGURED, Phase.POWERED)
        with self._off_on_error():
            return self._instruments()[0].identity

    def _require(self, *phases: Phase) -> None:
        if self._phase not in phases:
            raise PhaseError(
                f"station {self.station.name} is {self._phase}, but must be {' or '.join(phases)}"
            )

    def _instruments(self) -> tuple[Supply, Guardian]:
        assert self._supply is not None
        assert self._guardian is not None
        return self._supply, self._guardian

    def _expect_no_errors(self, supply: Supply) -> None:
        errors = supply.errors()
        if errors:
            raise SupplyError(
                f"station {self.station.name}: the supply reports {'; '.join(errors)}"
            )

    @contextmanager
    def _off_on_error(self) -> Iterator[None]:
        """Back to ``leased`` with the output off if anything goes wrong, a Ctrl-C included."""
        try:
            yield
        except BaseException as error:
            self._phase = Phase.LEASED
            if self._supply is not None and not isinstance(error, OutputNotOffError):
                try:
                    self._switch_off(self._supply)
                except SupplyError as trouble:
                    error.add_note(str(trouble))
            raise

    def _switch_off(self, supply: Supply) -> None:
        self._may_be_on = True
        switch_off(supply)
        self._may_be_on = False

    def _disconnect(self) -> None:
        if self._supply is not None:
            self._supply.close()
            self._supply = None

    def _shut_down(self) -> None:
        """Leave with the output off, by the guardian if need be."""
        guardian, self._guardian = self._guardian, None
        assert guardian is not None
        trouble: SupplyError | None = None
        try:
            if self._supply is not None:
                self._switch_off(self._supply)
        except SupplyError as error:
            trouble = error
        finally:
            self._disconnect()
            if self._may_be_on:
                guardian.take_over()
            else:
                guardian.release()
        if trouble is not None:
            raise SupplyError(
                f"station {self.station.name}: the guardian had to switch off: {trouble}"
            ) from trouble


def _confirm(name: str, reported: float, wanted: float, step: float) -> None:
    if abs(reported - wanted) > 0.501 * step:
        raise SupplyError(
            f"the supply's {name} reads {reported:g}, not {wanted:g} as it was set: "
            "somebody else may be using the instrument"
        )
