"""The sections of a station file: one class each, its keys as attributes in SI units."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from bench.station.accuracy import Ratio, StationFilePart
from bench.station.calibration_records import Celsius, Kelvin, Volts
from bench.station.cards import CARDS, CardLimits
from bench.station.quantities import (
    AMPERE,
    FARAD,
    OHM,
    SAMPLES_PER_SECOND,
    SECOND,
    VOLT,
    WithUnit,
    format_quantity,
)

HIGHEST_VOLTAGE = 3.6
"""V; absolute maximum of the ESP32's supply pins (data sheet 5.2, table 5-1)."""

Text = Annotated[str, StringConstraints(min_length=1)]
_Visa = Annotated[str, StringConstraints(pattern=r"^(twin|(TCPIP|GPIB|ASRL|USB)\d*.*::.*)$")]
_Address = Annotated[str, StringConstraints(pattern=r"^(twin|[^:/\s]+:\d{1,5})$")]
_Mac = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{2}:){5}[0-9a-f]{2}$")]
_Feed = Annotated[float, WithUnit(VOLT, 0.0, HIGHEST_VOLTAGE)]
_Seconds = Annotated[float, WithUnit(SECOND)]


class SupplySettings(StationFilePart):
    """The section ``[supply]``.

    Attributes:
        driver: Which driver of `bench.instruments` speaks to it.
        resource: VISA resource.
        visa_library: PyVISA's name of the library to use, ``@py`` for pyvisa-py; empty for
            PyVISA's own choice.
        baud: Where the resource is a serial line.
        serial_number: Third field of the reply to ``*IDN?``, or None to accept any.
        channel: ``A`` or ``B``.
        claims_both_channels: Whether the other channel may be reset too.
        voltage: Output in V while measuring.
        flash_voltage: Output in V while flash is written, or None for `voltage`.
        current_limit: In A.
        over_voltage: Trip level in V.
        timeout: Of one query, in s.
        off_time: How long the output stays off in a power cycle, in s.
    """

    driver: Literal["ngmo2"]
    resource: _Visa
    visa_library: str = ""
    baud: Annotated[int, Field(ge=300, le=38_400)] = 9600
    serial_number: str | None = None
    channel: Literal["A", "B"]
    claims_both_channels: bool = False
    voltage: _Feed
    flash_voltage: _Feed | None = None
    current_limit: Annotated[float, WithUnit(AMPERE, 0.001, 2.5)]
    over_voltage: Annotated[float, WithUnit(VOLT, 1.5, HIGHEST_VOLTAGE)]
    timeout: _Seconds
    off_time: _Seconds

    @property
    def voltages(self) -> tuple[float, ...]:
        """The output voltages in V that a measurement uses: running, then flashing."""
        return (self.voltage, self.voltage if self.flash_voltage is None else self.flash_voltage)


class InputChannel(StationFilePart):
    """A differential input of the card.

    Attributes:
        channel: Such as ``ai0``.
        range: Full scale in V, both ways.
    """

    channel: Annotated[str, StringConstraints(pattern=r"^ai\d+$")]
    range: Volts


class DigitizerSettings(StationFilePart):
    """The section ``[digitizer]``.

    Attributes:
        driver: Which driver of `bench.instruments` speaks to it.
        device: The card's name in NI-DAQmx.
        card: Its product type.
        grpc: ``host:port`` of NI's gRPC device server, or None for the local driver.
        rate: Samples per s of each channel.
        supply: Voltage at the supply's side of the shunt.
        shunt: Voltage across the shunt.
        marker: The marker, analogue.
        trigger: Line that carries the marker, digital, such as ``PFI0``.
        marker_threshold: Level in V at which the marker changes.
        timeout: How long a trigger or a sample may be late, in s.
    """

    driver: Literal["nidaq"]
    device: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$")]
    card: str
    grpc: _Address | None = None
    rate: Annotated[float, WithUnit(SAMPLES_PER_SECOND, 1.0)]
    supply: InputChannel
    shunt: InputChannel
    marker: InputChannel
    trigger: Annotated[str, StringConstraints(pattern=r"^PFI\d+$")]
    marker_threshold: Volts
    timeout: _Seconds

    @property
    def channels(self) -> tuple[InputChannel, InputChannel, InputChannel]:
        """Supply, shunt and marker, the order of the rows of every recording."""
        return (self.supply, self.shunt, self.marker)

    @property
    def limits(self) -> CardLimits:
        """What the card can do."""
        return CARDS[self.card]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.card not in CARDS:
            raise ValueError(f'card "{self.card}" is not supported: use one of {", ".join(CARDS)}')
        names = [channel.channel for channel in self.channels]
        if len(set(names)) < len(names):
            raise ValueError(f"supply, shunt and marker need a channel each, not {names}")
        for name in names:
            _check_line(name, "ai", self.limits.channels)
        _check_line(self.trigger, "PFI", self.limits.trigger_lines)
        for channel in self.channels:
            if channel.range not in self.limits.ranges:
                raise ValueError(
                    f"{channel.channel} has no range of {format_quantity(channel.range, VOLT)}: "
                    f"{self.card} has {', '.join(f'{r:g} V' for r in self.limits.ranges)}"
                )
        highest = self.limits.rate_limit(len(names))
        if self.rate > highest:
            raise ValueError(
                f"rate {self.rate:g} S/s on each of {len(names)} channels exceeds "
                f"{self.card}'s {highest:g} S/s: lower the rate"
            )
        if not 0.0 < self.marker_threshold < self.marker.range:
            raise ValueError(
                f"marker_threshold {self.marker_threshold:g} V is not inside the marker's range"
            )
        return self


def _check_line(name: str, prefix: str, count: int) -> None:
    if int(name.removeprefix(prefix)) >= count:
        raise ValueError(f"{name} does not exist: use {prefix}0 to {prefix}{count - 1}")


class ShuntSettings(StationFilePart):
    """The section ``[shunt]``.

    Attributes:
        resistance: Nominal value in ohm; what was found stands in the calibration record.
        side: Always ``high``: the ground of a USB cable or of the card would short a low-side one.
    """

    resistance: Annotated[float, WithUnit(OHM, 0.01, 1000.0)]
    side: Literal["high"] = "high"


class DeviceSettings(StationFilePart):
    """The section ``[device]``: what is behind the shunt and how to talk to it.

    Attributes:
        chip: As esptool names it.
        mac: Factory address, or None to accept any board.
        port: Serial port, or None to find it by `usb_serial`.
        usb_serial: USB serial number of the port's adapter, or None.
        baud: Of the console.
        flash_baud: Of esptool.
        profile: Layout of the device.
        minimum_voltage: Lowest voltage in V at which it is to run.
        expected_current: Highest current in A that it draws while measured.
        decoupling: Capacitance across the device in F.
        decoupling_tolerance: Its limit, rectangular, as a fraction.
        behind_shunt: All that the shunt feeds, for the report.
    """

    chip: Literal["esp32"]
    mac: _Mac | None = None
    port: Text | None = None
    usb_serial: Text | None = None
    baud: Annotated[int, Field(ge=1200, le=2_000_000)]
    flash_baud: Annotated[int, Field(ge=1200, le=2_000_000)]
    profile: Literal["bench", "paper"]
    minimum_voltage: _Feed
    expected_current: Annotated[float, WithUnit(AMPERE, 0.0, 2.5)]
    decoupling: Annotated[float, WithUnit(FARAD)]
    decoupling_tolerance: Ratio
    behind_shunt: Annotated[tuple[Text, ...], Field(strict=False, min_length=1)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.port is None) == (self.usb_serial is None):
            raise ValueError("give either port or usb_serial, so that one board is meant")
        return self


class Timeouts(StationFilePart):
    """The section ``[timeouts]``: how long, in s of the wall clock, to wait for what.

    Attributes:
        boot: For the console's first prompt after power on.
        console: For a reply beyond the time that the work itself takes.
        flash: For one run of esptool.
        lease: For somebody else's lease to end.
        guardian: How long the guardian retries to switch off before it gives up.
    """

    boot: _Seconds
    console: _Seconds
    flash: _Seconds
    lease: _Seconds
    guardian: _Seconds


class AmbientSettings(StationFilePart):
    """The section ``[ambient]``: the air about the shunt.

    Attributes:
        temperature: In degrees Celsius.
        spread: By how many K it may be off, both ways.
        warming: By how many K shunt and card may be warmer or colder in one run than in another
            of the same session, self-heating included.
    """

    temperature: Celsius
    spread: Kelvin
    warming: Kelvin

    def change(self, since: float) -> float:
        """Limit in K of the difference from a temperature of `since` degrees Celsius."""
        return abs(self.temperature - since) + self.spread
