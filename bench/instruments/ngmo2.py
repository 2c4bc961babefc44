"""Rohde & Schwarz NGMO2, a two-channel analyser and power supply, over SCPI.

One object is one channel. Headers, ranges and resolutions follow public drivers and logs of real
units, since the manual's command chapter is not public; what they leave open is read tolerantly.
"""

from statistics import median
from typing import Protocol

from bench.errors import SupplyError
from bench.instruments.properties import NumberSetting, SwitchSetting, parse_error, parse_number
from bench.instruments.supply import SupplyIdentityError, SupplyReplyError

MODEL = "NGMO2"
READINGS = 15
"""Readings of which the median is taken: 7 of 101 logged from a real unit were wild."""
INTERVAL = 0.02
"""Measuring interval in s: one cycle of 50 Hz mains."""
_CURRENT_RANGES = ((5e-3, "LOW"), (0.5, "MED"), (5.0, "HIGH"))
"""Full scale in A and name of each range of current readings."""
_QUEUE_LENGTH = 64
"""More entries than any error queue holds; then the queue does not empty."""


class Link(Protocol):
    """Lines to and from the instrument."""

    @property
    def name(self) -> str:
        """The address, for messages."""

    def write(self, command: str) -> None:
        """Send one line."""

    def read(self) -> str:
        """Receive one line; `SupplyTimeoutError` if none comes."""

    def clear(self) -> None:
        """Forget all that is under way."""

    def close(self) -> None:
        """Close the connection."""


class Ngmo2:
    """One channel of an NGMO2.

    Args:
        link: Connection to the instrument; closed by `close`.
        channel: ``A`` or ``B``.

    Making the object sends nothing; `identify` is the first thing to do.
    """

    voltage = NumberSetting(
        "Control the output voltage (V).",
        ":SOUR:{ch}:VOLT",
        unit="V",
        low=0.0,
        high=15.0,
        step=0.001,
    )
    current_limit = NumberSetting(
        "Control the current limit (A); above 5 V the instrument allows 2.5 A.",
        ":SOUR:{ch}:CURR:LIM",
        unit="A",
        low=0.0,
        high=5.0,
        step=0.001,
    )
    over_voltage = NumberSetting(
        "Control the level that trips the output off (V).",
        ":SOUR:{ch}:VOLT:PROT",
        unit="V",
        low=1.5,
        high=22.0,
        step=0.1,
    )
    source_resistance = NumberSetting(
        "Control the simulated source resistance (ohm).",
        ":OUTP:{ch}:IMP",
        unit="ohm",
        low=0.0,
        high=1.0,
        step=0.01,
    )
    output = SwitchSetting("Control whether the output is on (no unit).", ":OUTP:{ch}:STAT")

    def __init__(self, link: Link, channel: str) -> None:
        self._link = link
        self._channel = channel
        self._unanswered = False

    @property
    def name(self) -> str:
        """Get the address and channel, for messages (no unit)."""
        return f"{self._link.name} channel {self._channel}"

    @property
    def identity(self) -> str:
        """Get maker, model, serial number and firmware as the instrument reports them (no unit)."""
        return self.query("*IDN?").strip()

    def identify(self, serial_number: str | None = None) -> None:
        """Get the identity after switching this channel off, and check that it is right (no unit).

        Raises:
            SupplyIdentityError: It is no NGMO2, or not the one with `serial_number`.
        """
        self.write(":OUTP:{ch}:STAT OFF")
        identity = self.identity
        fields = [field.strip() for field in identity.split(",")]
        if len(fields) < 4 or fields[1].upper() != MODEL:
            raise SupplyIdentityError(
                f'{self._link.name}: "{identity}" answers, not an {MODEL}: correct the resource'
            )
        if serial_number is not None and fields[2] != serial_number:
            raise SupplyIdentityError(
                f"{self._link.name}: the {MODEL} with serial number {fields[2]} answers, not "
                f"{serial_number}: correct the resource or the serial number"
            )

    def reset(self) -> None:
        """Set both channels to their defaults (no unit)."""
        self.write("*RST")
        self.write(":OUTP:{ch}:STAT OFF")

    def prepare_readings(self, largest_current: float) -> None:
        """Set interval and range of readings for currents up to `largest_current` (A).

        Raises:
            SupplyError: No range is so large.
        """
        ranges = (name for limit, name in _CURRENT_RANGES if limit >= largest_current)
        name = next(ranges, None)
        if name is None:
            raise SupplyError(f"{self.name}: no range for current readings of {largest_current} A")
        self.write(":SENS:{ch}:CURR:RANG " + name)
        self.write(f":SENS:{{ch}}:MEAS:INT {INTERVAL:g}")
        self.write(":SENS:{ch}:AVER:COUN 1")

    def measure_current(self) -> float:
        """Measure the output current: the median of `READINGS` readings (A)."""
        return self._measure("CURR")

    def measure_voltage(self) -> float:
        """Measure the output voltage: the median of `READINGS` readings (V)."""
        return self._measure("VOLT")

    def _measure(self, function: str) -> float:
        self.write(f":SENS:{{ch}}:FUNC {function}")
        return median(parse_number(self.query(":MEAS:{ch}?")) for _ in range(READINGS))

    def errors(self) -> list[str]:
        """Get and empty the queue of errors, oldest first (no unit).

        Raises:
            SupplyReplyError: It does not come to an end.
        """
        found: list[str] = []
        for _ in range(_QUEUE_LENGTH):
            code, text = parse_error(self.query(":SYST:ERR?"))
            if code == 0:
                return found
            found.append(f"{code}, {text}")
        raise SupplyReplyError(f"{self.name}: the error queue does not empty: {found[-1]}")

    def clear(self) -> None:
        """Set the connection back to a known state, and the error queue to empty (no unit).

        Raises:
            SupplyIdentityError: The reply to ``*IDN?`` is something else, such as a late one.
        """
        self._link.clear()
        self._unanswered = False
        identity = self.identity
        if MODEL not in identity.upper():
            raise SupplyIdentityError(f"{self.name}: {identity!r} in reply to *IDN?")
        self.write("*CLS")

    def close(self) -> None:
        """Set the connection free; the output stays as it is (no unit)."""
        self._link.close()

    def write(self, command: str) -> None:
        """Set something by a `command`, in which ``{ch}`` stands for the channel (no unit)."""
        self._link.write(command.format(ch=self._channel))

    def query(self, command: str) -> str:
        """Get the reply to a `command`, in which ``{ch}`` stands for the channel (no unit).

        Raises:
            SupplyTimeoutError: No reply in time. It may still come, so before the next query the
                connection is cleared.
        """
        if self._unanswered:
            self._link.clear()
        # Until the reply is here, also when a Ctrl-C interrupts the wait for it.
        self._unanswered = True
        self.write(command)
        reply = self._link.read()
        self._unanswered = False
        return reply
