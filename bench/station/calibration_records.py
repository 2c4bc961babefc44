"""What a calibration record of each kind says, with its units.

The records are the only source of what corrects a result and of what its uncertainty is made from.
"""

import datetime
import math
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StringConstraints, model_validator

from bench.station.accuracy import Ratio, StationFilePart, Tolerance
from bench.station.quantities import (
    AMPERE,
    CELSIUS,
    KELVIN,
    OHM,
    PER_KELVIN,
    RATIO,
    VOLT,
    WithUnit,
)

_Text = Annotated[str, StringConstraints(min_length=1)]
_Ohms = Annotated[float, WithUnit(OHM, 0.001, 1000.0)]
Volts = Annotated[float, WithUnit(VOLT)]
_Amperes = Annotated[float, WithUnit(AMPERE)]
Kelvin = Annotated[float, WithUnit(KELVIN)]
PerKelvin = Annotated[float, WithUnit(PER_KELVIN, 0.0, 1.0)]
_FoundRatio = Annotated[float, WithUnit(RATIO, -0.5, 0.5)]
_FoundVolts = Annotated[float, WithUnit(VOLT, -math.inf)]
_FoundAmperes = Annotated[float, WithUnit(AMPERE, -math.inf)]
Celsius = Annotated[float, WithUnit(CELSIUS, -40.0, 125.0)]

Kind: TypeAlias = Literal["shunt", "card", "supply", "time base"]
KINDS: tuple[Kind, ...] = ("shunt", "card", "supply", "time base")


class Record(StationFilePart):
    """What every record has.

    Attributes:
        certificate: Its number.
        date: Of the calibration.
        due: Last day on which it holds.
        temperature: At which the part was calibrated, in degrees Celsius.
        verified: Whether somebody has checked this file against the certificate.
        source: Where the figures come from, for people.
    """

    certificate: _Text
    date: datetime.date
    due: datetime.date
    temperature: Celsius
    verified: bool
    source: _Text

    @model_validator(mode="after")
    def _check(self) -> "Record":
        if self.due < self.date:
            raise ValueError(f"due {self.due} is before date {self.date}: exchange them")
        return self

    def shortcoming(self, on: datetime.date) -> str:
        """Why a result of the day `on` is not calibrated by this record, or nothing."""
        if not self.verified:
            return "not verified"
        if on > self.due:
            return f"past due since {self.due} (certificate {self.certificate})"
        if on < self.date:
            return f"calibrated only on {self.date} (certificate {self.certificate})"
        return ""


class ShuntRecord(Record):
    """The shunt.

    Attributes:
        resistance: Value found in ohm; left out where none was and the nominal one holds.
        uncertainty: Of the resistance at the calibration's temperature.
        tempco: Limit of its temperature coefficient, relative per K.
    """

    kind: Literal["shunt"]
    resistance: _Ohms | None = None
    uncertainty: Tolerance
    tempco: PerKelvin


class RangeRecord(StationFilePart):
    """A range of the card after NI's accuracy model; limits are those of rectangular distributions.

    Attributes:
        range: Full scale in V; the range runs from minus to plus this.
        gain_found: Gain error that was found, which results are corrected for.
        offset_found: Offset error that was found, in V, likewise.
        residual_gain: Limit of the gain error that is left, a fraction of the reading.
        gain_tempco: The same per K since the last internal (self) calibration.
        reference_tempco: Of the card's reference, per K since the last external calibration.
        residual_offset: Limit of the offset error that is left, a fraction of the range.
        offset_tempco: The same per K since the last internal calibration.
        inl: Limit of the integral nonlinearity, a fraction of the range.
        noise: Random noise of one sample, V rms.
    """

    range: Volts
    gain_found: _FoundRatio = 0.0
    offset_found: _FoundVolts = 0.0
    residual_gain: Ratio
    gain_tempco: PerKelvin
    reference_tempco: PerKelvin
    residual_offset: Ratio
    offset_tempco: PerKelvin
    inl: Ratio
    noise: Volts


class CardRecord(Record):
    """The card.

    Attributes:
        card: Its product type.
        internal_change: Limit in K of the temperature's change since the last self-calibration.
        external_change: The same since the last external calibration.
        offset_drift: Wander of an offset within minutes, rms, as a share of the offset's limit.
        ranges: One entry for each range in use.
    """

    kind: Literal["card"]
    card: _Text
    internal_change: Kelvin
    external_change: Kelvin
    offset_drift: Ratio
    ranges: Annotated[tuple[RangeRecord, ...], Field(strict=False, min_length=1, alias="range")]

    def of_range(self, full_scale: float) -> RangeRecord:
        """The entry for the range of plus and minus `full_scale` V.

        Raises:
            KeyError: No such entry; a `Station` holds one for each of its channels.
        """
        for entry in self.ranges:
            if entry.range == full_scale:
                return entry
        raise KeyError(f"no entry for the range of {full_scale} V")

    def gain_temperature(self, entry: RangeRecord) -> float:
        """Limit of what temperature adds to the gain error, a fraction of the reading."""
        internal = entry.gain_tempco * self.internal_change
        return internal + entry.reference_tempco * self.external_change

    def offset_temperature(self, entry: RangeRecord) -> float:
        """Limit of what temperature adds to the offset error, a fraction of the range."""
        return entry.offset_tempco * self.internal_change


class SupplyRecord(Record):
    """The supply's own current reading.

    Attributes:
        gain_found: Gain error that was found, which the reading is corrected for.
        offset_found: Offset error that was found, in A, likewise.
        gain: Of the gain that is left, relative to the reading.
        offset: Limit of the offset that is left, rectangular, in A.
    """

    kind: Literal["supply"]
    gain_found: _FoundRatio = 0.0
    offset_found: _FoundAmperes = 0.0
    gain: Tolerance
    offset: _Amperes


class TimeBaseRecord(Record):
    """The card's sample clock.

    Attributes:
        rate_found: By how much faster than nominal it was found to run, relative.
        uncertainty: Of the rate, ageing and temperature included.
    """

    kind: Literal["time base"]
    rate_found: _FoundRatio = 0.0
    uncertainty: Tolerance


AnyRecord: TypeAlias = ShuntRecord | CardRecord | SupplyRecord | TimeBaseRecord
