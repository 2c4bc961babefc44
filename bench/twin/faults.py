"""Faults that a lab can be started with, by name: ``python -m bench twin --fault NAME``.

A fault puts something else in the place of a part of the lab's `Equipment`; what it takes its place
among does not know of it. What a user must see of each stands in ``docs/faults.md``.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

import numpy as np

from bench.device.images import MODEL_OFFSET, MODEL_PARTITION_OFFSET
from bench.errors import BenchError
from bench.twin import runtime
from bench.twin.card import Wiring
from bench.twin.cost_model import Settings
from bench.twin.daq.digitizer import DigitizerFault
from bench.twin.equipment import Equipment
from bench.twin.esp32.application import ApplicationHost
from bench.twin.esp32.interposed import Misread, Mute, Noisy, Unmarked
from bench.twin.runtime import Engine, Runtime, Values
from bench.twin.supply import SupplyFault

OTHER_MAC = bytes.fromhex("240ac4ffffff")
ESP32_S2_MAGIC = 0x0000_07C6
"""What the ROM of an ESP32-S2 holds where an ESP32's holds its own number."""
WORN = range(MODEL_PARTITION_OFFSET + MODEL_OFFSET, MODEL_PARTITION_OFFSET + MODEL_OFFSET + 64)
"""Where every model has its first bytes."""
SMALL_ARENA = 2048
"""Bytes; less than any network needs."""
DEVICE_SIDE = 9
"""The card's terminal at the device's side of the shunt: ai1 is measured against it."""


class UnknownFaultError(BenchError):
    """There is no fault of that name."""


@dataclass(frozen=True)
class Fault:
    """What is wrong, in words, and what it makes of a lab's equipment."""

    what: str
    change: Callable[[Equipment], Equipment]


def with_faults(parts: Equipment, names: Iterable[str]) -> Equipment:
    """`parts` with the faults of these names, one after the other.

    Raises:
        UnknownFaultError: There is none of that name; the message lists those that there are.
    """
    for name in names:
        if name not in FAULTS:
            raise UnknownFaultError(f"no fault {name!r}: use one of {', '.join(FAULTS)}")
        parts = FAULTS[name].change(parts)
    return parts


def _interposed(
    parts: Equipment, interpose: Callable[[ApplicationHost], ApplicationHost]
) -> Equipment:
    """Something between the chip and its application, around what is there already."""
    return replace(parts, host=lambda host: interpose(parts.host(host)))


def _without(wiring: Wiring, terminal: int) -> Wiring:
    return {end: signal for end, signal in wiring.items() if end != terminal}


@dataclass(frozen=True)
class _Shifted:
    """Gives each class its neighbour's output."""

    engine: Engine

    def invoke(self, values: Values) -> Values:
        return np.roll(self.engine.invoke(values), 1)


def _load_shifted(content: bytes, address: int, settings: Settings) -> Runtime:
    loaded = runtime.load(content, address, settings)
    return replace(loaded, engine=_Shifted(loaded.engine))


FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        "port-missing": Fault(
            "the serial port's cable is not plugged in",
            lambda parts: replace(parts, plugged=False),
        ),
        "chip-other": Fault(
            "the chip is an ESP32-S2",
            lambda parts: replace(parts, identity=replace(parts.identity, magic=ESP32_S2_MAGIC)),
        ),
        "mac-other": Fault(
            "the board is another one of its kind",
            lambda parts: replace(parts, identity=replace(parts.identity, mac=OTHER_MAC)),
        ),
        "chip-silent": Fault(
            "the chip's transmit line is cut",
            lambda parts: replace(parts, defects=replace(parts.defects, silent=True)),
        ),
        "flash-worn": Fault(
            "cells of the flash where the model begins cannot be written any more",
            lambda parts: replace(parts, worn=WORN),
        ),
        "flash-misread": Fault(
            "the application reads flash faster than the loader, and misreads a bit of the model",
            lambda parts: _interposed(parts, Misread),
        ),
        "console-silent": Fault(
            "the application says nothing", lambda parts: _interposed(parts, Mute)
        ),
        "console-garbage": Fault(
            "the line spoils some of what the application says",
            lambda parts: _interposed(parts, Noisy),
        ),
        "arena-small": Fault(
            "the device has less memory left for the arena than its firmware should leave",
            lambda parts: replace(parts, load=partial(runtime.load, arena_size=SMALL_ARENA)),
        ),
        "outputs-wrong": Fault(
            "the device computes other outputs", lambda parts: replace(parts, load=_load_shifted)
        ),
        "marker-missing": Fault(
            "the marker's pin is not connected", lambda parts: _interposed(parts, Unmarked)
        ),
        "supply-silent": Fault(
            "the supply carries out commands and answers no query",
            lambda parts: replace(parts, supply=parts.supply | {SupplyFault.SILENT}),
        ),
        "supply-hangs": Fault(
            "the supply answers no query while its output is on",
            lambda parts: replace(parts, supply=parts.supply | {SupplyFault.HANGS}),
        ),
        "supply-other-model": Fault(
            "another instrument answers at the supply's address",
            lambda parts: replace(parts, supply=parts.supply | {SupplyFault.OTHER_MODEL}),
        ),
        "supply-stuck": Fault(
            "the supply keeps its voltage, whatever is set",
            lambda parts: replace(parts, supply=parts.supply | {SupplyFault.STUCK}),
        ),
        "digitizer-missing": Fault(
            "the card's driver has no such device",
            lambda parts: replace(parts, digitizer=parts.digitizer | {DigitizerFault.MISSING}),
        ),
        "digitizer-samples-lost": Fault(
            "the card's memory overflows before its samples are fetched",
            lambda parts: replace(parts, digitizer=parts.digitizer | {DigitizerFault.SAMPLES_LOST}),
        ),
        "shunt-lead-off": Fault(
            "the card's lead to the device's side of the shunt has come off, and floats",
            lambda parts: replace(parts, wiring=_without(parts.wiring, DEVICE_SIDE)),
        ),
    }
)
