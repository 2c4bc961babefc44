"""What a power supply must be able to do for the bench, and how its output is switched off."""

from contextlib import suppress
from typing import Protocol

from bench.errors import SupplyError

OFF_ATTEMPTS = 3


class SupplyConnectionError(SupplyError):
    """The supply cannot be reached, or its connection was lost."""


class SupplyTimeoutError(SupplyError):
    """The supply did not answer in time."""


class SupplyReplyError(SupplyError):
    """The supply answered something that cannot be understood."""


class SupplyIdentityError(SupplyError):
    """Another instrument than the station file names answers at this address."""


class SettingNotAcceptedError(SupplyError):
    """The supply reports another value than it was set to."""


class OutputNotOffError(SupplyError):
    """The output could not be confirmed to be off: power may still be on."""


class Supply(Protocol):
    """One channel of a power supply.

    Each assignment is confirmed by reading back. Whatever is asked may raise a `SupplyError`; after
    one, `clear` makes the connection usable again.
    """

    @property
    def identity(self) -> str:
        """Get the instrument's identity as it reports it (no unit)."""

    @property
    def output(self) -> bool:
        """Control whether the output is on (no unit)."""

    @output.setter
    def output(self, on: bool) -> None: ...

    @property
    def voltage(self) -> float:
        """Control the output voltage (V)."""

    @voltage.setter
    def voltage(self, volts: float) -> None: ...

    @property
    def current_limit(self) -> float:
        """Control the current limit (A)."""

    @current_limit.setter
    def current_limit(self, amperes: float) -> None: ...

    @property
    def over_voltage(self) -> float:
        """Control the level of the over-voltage trip (V)."""

    @over_voltage.setter
    def over_voltage(self, volts: float) -> None: ...

    @property
    def source_resistance(self) -> float:
        """Control the simulated source resistance (ohm)."""

    @source_resistance.setter
    def source_resistance(self, ohms: float) -> None: ...

    def reset(self) -> None:
        """Set every channel of the instrument to its defaults (no unit)."""

    def prepare_readings(self, largest_current: float) -> None:
        """Set interval and range of readings for currents up to `largest_current` (A)."""

    def measure_current(self) -> float:
        """Measure the output current, robust against single wild readings (A)."""

    def measure_voltage(self) -> float:
        """Measure the output voltage, robust against single wild readings (V)."""

    def errors(self) -> list[str]:
        """Get and empty the instrument's queue of errors, oldest first (no unit)."""

    def clear(self) -> None:
        """Set the connection back to a known state: nothing is under way (no unit)."""

    def close(self) -> None:
        """Set the connection free; the output stays as it is (no unit)."""


def switch_off(supply: Supply) -> None:
    """Switch the output off and confirm it, in spite of single errors.

    Raises:
        OutputNotOffError: Not confirmed after `OFF_ATTEMPTS` attempts.
    """
    for attempt in range(1, OFF_ATTEMPTS + 1):
        try:
            supply.output = False
        except SupplyError as error:
            if attempt == OFF_ATTEMPTS:
                raise OutputNotOffError(
                    f"output not confirmed off after {attempt} attempts, the last: {error}; "
                    "switch it off by hand"
                ) from error
            with suppress(SupplyError):
                supply.clear()
        else:
            return
