"""Faults that a lab can be started with, by name: ``python -m bench twin --fault NAME``.

A fault puts something else in the place of a sound part of the lab's `Equipment`; no other code
knows of it. What a user must see of each stands in ``docs/faults.md``.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from bench.device.images import MODEL_OFFSET, MODEL_PARTITION_OFFSET, ModelImage
from bench.errors import BenchError
from bench.twin import runtime
from bench.twin.card import WIRING
from bench.twin.cost_model import Settings
from bench.twin.daq.digitizer import DigitizerFault
from bench.twin.equipment import Equipment
from bench.twin.esp32.application import ApplicationHost
from bench.twin.esp32.chip import Defects, Identity
from bench.twin.esp32.interposed import Misread, Mute, Noisy, Unmarked
from bench.twin.runtime import Engine, Runtime, Values
from bench.twin.supply import SupplyFault

Change: TypeAlias = Callable[[Equipment], Equipment]

OTHER_MAC = bytes.fromhex("240ac4ffffff")
ESP32_S2_MAGIC = 0x0000_07C6
"""What the ROM of an ESP32-S2 holds where an ESP32's holds its own number."""
WORN_BYTES = 64
SMALL_ARENA = 2 * 1024
"""Bytes; less than any network needs."""
DEVICE_SIDE = 9
"""The terminal that is connected to the device's side of the shunt: the other end of ai1."""


class UnknownFaultError(BenchError):
    """There is no fault of that name."""


@dataclass(frozen=True)
class Fault:
    """Something wrong with a lab: in words, and what it does to a sound one."""

    what: str
    change: Change


def with_faults(equipment: Equipment, names: Iterable[str]) -> Equipment:
    """`equipment` with the faults of these names, one after the other.

    Raises:
        UnknownFaultError: There is none of that name; the message lists those that there are.
    """
    for name in names:
        if name not in FAULTS:
            raise UnknownFaultError(f"no fault {name!r}: use one of {', '.join(sorted(FAULTS))}")
        equipment = FAULTS[name].change(equipment)
    return equipment


def _chip(identity: Callable[[Identity], Identity]) -> Change:
    return lambda equipment: replace(equipment, identity=identity(equipment.identity))


def _supply(fault: SupplyFault) -> Change:
    return lambda equipment: replace(equipment, supply=equipment.supply | {fault})


def _digitizer(fault: DigitizerFault) -> Change:
    return lambda equipment: replace(equipment, digitizer=equipment.digitizer | {fault})


def _between(interpose: Callable[[ApplicationHost], ApplicationHost]) -> Change:
    """Something between the chip and its application, around what is already there."""
    return lambda equipment: replace(equipment, host=lambda host: interpose(equipment.host(host)))


def _disconnected(terminal: int) -> Change:
    def change(equipment: Equipment) -> Equipment:
        wiring = {end: signal for end, signal in equipment.wiring.items() if end != terminal}
        return replace(equipment, wiring=wiring)

    return change


@dataclass(frozen=True)
class _Rotated:
    """Computes each class's output as its neighbour's."""

    engine: Engine

    def invoke(self, values: Values) -> Values:
        return np.roll(self.engine.invoke(values), 1)


def _load_wrong(image: ModelImage, partition_offset: int, settings: Settings) -> Runtime:
    loaded = runtime.load(image, partition_offset, settings)
    return replace(loaded, engine=_Rotated(loaded.engine))


FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        "port-missing": Fault(
            "the serial port's cable is not plugged in",
            lambda equipment: replace(equipment, plugged=False),
        ),
        "chip-other": Fault(
            "the chip is an ESP32-S2", _chip(lambda chip: replace(chip, magic=ESP32_S2_MAGIC))
        ),
        "mac-other": Fault(
            "the board is another one of its kind", _chip(lambda chip: replace(chip, mac=OTHER_MAC))
        ),
        "chip-silent": Fault(
            "the chip's transmit line is cut",
            lambda equipment: replace(equipment, defects=replace(equipment.defects, silent=True)),
        ),
        "flash-worn": Fault(
            "cells of the flash, where the model is, cannot be written any more",
            lambda equipment: replace(equipment, worn=range(_MODEL, _MODEL + WORN_BYTES)),
        ),
    }
)
