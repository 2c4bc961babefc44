"""What a station file declares, in the terms of the measurement."""

import math

from bench.measurement.energy import Circuit
from bench.measurement.figures import ChannelFigures, Figures, Spread
from bench.station.accuracy import RangeAccuracy, Tolerance
from bench.station.configuration import Station

OVER_RANGE = 1.05
"""What the converter spans over the nominal range (NI, M Series user manual)."""

DRIFT_SHARE = 0.1
"""Wander of the offset within minutes, rms, over the offset's limit; assumed: some 0.1 K."""


def circuit_of(station: Station) -> Circuit:
    """Shunt and decoupling of `station`."""
    return Circuit(station.shunt.resistance, station.device.decoupling)


def figures_of(station: Station) -> Figures:
    """The distributions of the errors that `station` declares."""
    accuracy, card = station.accuracy, station.digitizer
    bits = card.limits.bits
    return Figures(
        shunt=_spread(accuracy.shunt),
        decoupling=_spread(accuracy.decoupling),
        time_base=_spread(accuracy.time_base),
        supply=_channel(accuracy.of_range(card.supply.range), bits),
        shunt_voltage=_channel(accuracy.of_range(card.shunt.range), bits),
    )


def marker_figures_of(station: Station) -> ChannelFigures:
    """The same of the marker's channel, which no energy depends on."""
    card = station.digitizer
    return _channel(station.accuracy.of_range(card.marker.range), card.limits.bits)


def _spread(tolerance: Tolerance) -> Spread:
    if tolerance.distribution == "normal":
        return Spread(tolerance.standard, "normal")
    return Spread(tolerance.limit, "rectangular")


def _channel(accuracy: RangeAccuracy, bits: int) -> ChannelFigures:
    return ChannelFigures(
        gain=Spread(accuracy.gain, "rectangular"),
        offset=Spread(accuracy.offset * accuracy.range, "rectangular"),
        linearity=Spread(accuracy.inl * accuracy.range, "rectangular"),
        drift=Spread(DRIFT_SHARE * accuracy.offset * accuracy.range, "normal"),
        noise=accuracy.noise,
        step=math.ldexp(OVER_RANGE * accuracy.range, 1 - bits),
        full_scale=accuracy.range,
    )
