"""What a simulated lab is put together from: parts drawn from a station's declared accuracy."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bench.station.accuracy import Accuracy as DeclaredAccuracy
from bench.station.configuration import Station
from bench.twin import card, runtime
from bench.twin.card import WIRING, Drift, Tolerances, Wiring
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
        tolerances=_tolerances(station.accuracy),
        settings=Settings(sensor="MPU-6050" in station.device.behind_shunt),
        identity=_identity(station),
    )


def _components(station: Station, seed: int) -> Components:
    """The parts as soldered: the nominal ones, off by what the station declares."""
    accuracy, generator = station.accuracy, drawn(seed, "components")
    return Components(
        shunt=station.shunt.resistance * (1.0 + accuracy.shunt.draw(generator)),
        decoupling=station.device.decoupling * (1.0 + accuracy.decoupling.draw(generator)),
    )


def _tolerances(accuracy: DeclaredAccuracy) -> Tolerances:
    """The card's errors as the station declares them; its other ranges as NI specifies."""
    declared = {
        entry.range: card.Accuracy(entry.gain, entry.offset, entry.inl, entry.noise)
        for entry in accuracy.ranges
    }
    return Tolerances({**card.PCI_6251, **declared}, accuracy.time_base.limit)


def _identity(station: Station) -> Identity:
    mac = station.device.mac
    return Identity() if mac is None else Identity(bytes.fromhex(mac.replace(":", "")))
