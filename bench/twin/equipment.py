"""What a simulated lab is put together from: parts drawn from what a station's records declare."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bench.station.calibration import Calibration
from bench.station.calibration_records import CardRecord, RangeRecord
from bench.station.configuration import Station
from bench.twin import runtime
from bench.twin.card import PCI_6251, WIRING, Accuracy, Drift, Tolerances, Wiring
from bench.twin.circuit import Components
from bench.twin.cost_model import Settings
from bench.twin.daq.digitizer import DigitizerFault
from bench.twin.esp32.application import ApplicationHost
from bench.twin.esp32.chip import Defects, Identity
from bench.twin.noise import drawn
from bench.twin.supply_faults import SupplyFault


@dataclass(frozen=True)
class Equipment:
    """The parts of a lab; sound, unless a fault has put something else in their place.

    Attributes:
        components: What is soldered.
        tolerances: What the card's errors are drawn from.
        settings: How the device is set.
        identity: Who the chip is.
        wiring: What the card's terminals are connected to.
        drift: How the card has changed since its figures held.
        supply: What is wrong with the supply.
        digitizer: What is wrong with the card or its driver.
        plugged: Whether the serial port's cable is.
        taken: Whether another program has the serial port open.
        defects: What is broken about the chip.
        worn: Addresses of flash that cannot be written any more.
        host: What is between the chip and its application.
        load: Loads a model on the device.
    """

    components: Components
    tolerances: Tolerances
    settings: Settings
    identity: Identity
    wiring: Wiring = field(default_factory=lambda: WIRING)
    drift: Drift = field(default_factory=Drift)
    supply: frozenset[SupplyFault] = frozenset()
    digitizer: frozenset[DigitizerFault] = frozenset()
    plugged: bool = True
    taken: bool = False
    defects: Defects = field(default_factory=Defects)
    worn: range = range(0)
    host: Callable[[ApplicationHost], ApplicationHost] = lambda host: host
    load: runtime.Loader = runtime.load


def sound_equipment(station: Station, seed: int) -> Equipment:
    """What `station` declares, with serial number `seed`."""
    return Equipment(
        components=_components(station, seed),
        tolerances=_tolerances(station.calibration),
        settings=Settings(sensor="MPU-6050" in station.device.behind_shunt),
        identity=_identity(station),
    )


def _components(station: Station, seed: int) -> Components:
    """The parts as soldered: as calibrated or nominal, off by what the station declares."""
    record, generator = station.calibration.shunt, drawn(seed, "components")
    calibrated = station.shunt.resistance if record.resistance is None else record.resistance
    error = record.uncertainty.draw(generator)
    tolerance = station.device.decoupling_tolerance
    decoupling = station.device.decoupling * (1.0 + generator.uniform(-tolerance, tolerance))
    warmth = record.tempco * station.ambient.change(record.temperature)
    error += float(generator.uniform(-warmth, warmth))
    return Components(shunt=calibrated * (1.0 + error), decoupling=float(decoupling))


def _tolerances(records: Calibration) -> Tolerances:
    """The card's errors as its record declares them; its other ranges as NI specifies."""
    card, clock = records.card, records.time_base
    return Tolerances(
        {**PCI_6251, **{entry.range: _accuracy(card, entry) for entry in card.ranges}},
        clock.uncertainty.limit,
        card.offset_drift,
        clock.rate_found,
    )


def _accuracy(card: CardRecord, entry: RangeRecord) -> Accuracy:
    return Accuracy(
        entry.residual_gain,
        entry.residual_offset,
        entry.inl,
        entry.noise,
        gain_temperature=card.gain_temperature(entry),
        offset_temperature=card.offset_temperature(entry),
        gain_found=entry.gain_found,
        offset_found=entry.offset_found,
    )


def _identity(station: Station) -> Identity:
    mac = station.device.mac
    return Identity() if mac is None else Identity(bytes.fromhex(mac.replace(":", "")))
