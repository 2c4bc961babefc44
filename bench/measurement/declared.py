"""What a station and its calibration records declare, in the terms of the measurement."""

import math

from bench.measurement.correction import ChannelCorrection, Corrections
from bench.measurement.energy import Circuit
from bench.measurement.figures import ChannelFigures, Figures, Spread
from bench.station.accuracy import Tolerance
from bench.station.calibration_records import CardRecord, RangeRecord
from bench.station.configuration import Station

OVER_RANGE = 1.05
"""What the converter spans over the nominal range (NI, M Series user manual)."""


def circuit_of(station: Station) -> Circuit:
    """Shunt, as it was found, and decoupling of `station`."""
    found = station.calibration.shunt.resistance
    return Circuit(station.shunt.resistance if found is None else found, station.device.decoupling)


def corrections_of(station: Station) -> Corrections:
    """The errors that the calibration of the card and its clock has found."""
    card, channels = station.calibration.card, station.digitizer
    return Corrections(
        supply=_correction(card.of_range(channels.supply.range)),
        shunt=_correction(card.of_range(channels.shunt.range)),
        rate=station.calibration.time_base.rate_found,
    )


def figures_of(station: Station) -> Figures:
    """The distributions of the errors that are left after correction."""
    records, channels = station.calibration, station.digitizer
    bits = channels.limits.bits
    tempco, ambient = records.shunt.tempco, station.ambient
    return Figures(
        shunt=_spread(records.shunt.uncertainty),
        shunt_temperature=Spread(tempco * ambient.change(records.shunt.temperature), "rectangular"),
        shunt_warming=Spread(tempco * ambient.warming, "rectangular"),
        decoupling=Spread(station.device.decoupling_tolerance, "rectangular"),
        time_base=_spread(records.time_base.uncertainty),
        supply=_channel(records.card, channels.supply.range, bits, ambient.warming),
        shunt_voltage=_channel(records.card, channels.shunt.range, bits, ambient.warming),
    )


def marker_figures_of(station: Station) -> ChannelFigures:
    """The same of the marker's channel, which no energy depends on."""
    channels, records = station.digitizer, station.calibration
    bits, warming = channels.limits.bits, station.ambient.warming
    return _channel(records.card, channels.marker.range, bits, warming)


def _correction(entry: RangeRecord) -> ChannelCorrection:
    return ChannelCorrection(entry.gain_found, entry.offset_found)


def _spread(tolerance: Tolerance) -> Spread:
    if tolerance.distribution == "normal":
        return Spread(tolerance.standard, "normal")
    return Spread(tolerance.limit, "rectangular")


def _channel(card: CardRecord, full_scale: float, bits: int, warming: float) -> ChannelFigures:
    entry = card.of_range(full_scale)
    offset = entry.residual_offset * full_scale
    warmth = card.offset_temperature(entry) * full_scale
    return ChannelFigures(
        gain=Spread(entry.residual_gain, "rectangular"),
        gain_temperature=Spread(card.gain_temperature(entry), "rectangular"),
        gain_warming=Spread(entry.gain_tempco * warming, "rectangular"),
        offset=Spread(offset, "rectangular"),
        offset_temperature=Spread(warmth, "rectangular"),
        linearity=Spread(entry.inl * full_scale, "rectangular"),
        drift=Spread(card.offset_drift * (offset + warmth), "normal"),
        noise=entry.noise,
        step=math.ldexp(OVER_RANGE * full_scale, 1 - bits),
        full_scale=full_scale,
    )
