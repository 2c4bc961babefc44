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
from bench.twin.card import WIRING, Drift, Wiring
from bench.twin.circuit import Components, Feed
from bench.twin.cost_model import Settings
from bench.twin.daq.digitizer import DigitizerFault
from bench.twin.equipment import Equipment
from bench.twin.esp32.application import ApplicationHost
from bench.twin.esp32.interposed import (
    Bouncing,
    Late,
    Loaded,
    Misread,
    Mute,
    Noisy,
    Unmarked,
)
from bench.twin.runtime import Engine, Runtime, Values
from bench.twin.supply_faults import SupplyFault

OTHER_MAC = bytes.fromhex("240ac4ffffff")
ESP32_S2_MAGIC = 0x0000_07C6
"""What the ROM of an ESP32-S2 holds where an ESP32's holds its own number."""
WORN = range(MODEL_PARTITION_OFFSET + MODEL_OFFSET, MODEL_PARTITION_OFFSET + MODEL_OFFSET + 64)
"""Where every model has its first bytes."""
SMALL_ARENA = 2048
"""Bytes; less than any network needs."""
SHUNT = 1
"""The card's channel across the shunt."""
DEVICE_SIDE = 9
"""The card's terminal at the device's side of the shunt: ai1 is measured against it."""
CHANNELS_SWAPPED: Wiring = {**WIRING, 0: WIRING[1], 8: WIRING[9], 1: WIRING[0], 9: WIRING[8]}
SHUNT_REVERSED: Wiring = {**WIRING, 1: WIRING[9], 9: WIRING[1]}
SHORT = Feed(0.0, 0.5)
"""A part behind the shunt that has failed: a short has some tenths of an ohm."""
USB = Feed(3.3, 1.0)
"""The regulator of a board whose USB cable is plugged in, which keeps its output at 3.3 V."""
WORN_CONTACT = 10.5
"""Ohm: the device still runs, below its minimum voltage."""
GAIN, OFFSET, CLOCK = 0.03, 1e-3, 1e-3
"""Drifts of the shunt and its channel, of that channel in V, and of the sample clock: some times
what the checks can tell."""
AMPLIFIED = 9.0
"""Gain too much of an amplifier that has lost its feedback: beyond the range at any current."""


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


def _supply(parts: Equipment, fault: SupplyFault) -> Equipment:
    return replace(parts, supply=parts.supply | {fault})


def _digitizer(parts: Equipment, fault: DigitizerFault) -> Equipment:
    return replace(parts, digitizer=parts.digitizer | {fault})


def _rewired(parts: Equipment, wiring: Wiring) -> Equipment:
    return replace(parts, wiring=wiring)


def _drifted(parts: Equipment, change: Callable[[Drift], Drift]) -> Equipment:
    return replace(parts, drift=change(parts.drift))


def _amplified(old: Drift, gain: float) -> Drift:
    return replace(old, gain={**old.gain, SHUNT: gain})


def _soldered(parts: Equipment, change: Callable[[Components], Components]) -> Equipment:
    return replace(parts, components=change(parts.components))


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
        "port-busy": Fault(
            "another program has the serial port open", lambda parts: replace(parts, taken=True)
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
        "boot-strapped": Fault(
            "something holds the chip's IO0 low, so that it starts its loader and nothing else",
            lambda parts: replace(parts, defects=replace(parts.defects, strapped=True)),
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
        "marker-doubled": Fault(
            "the marker's line bounces when it rises", lambda parts: _interposed(parts, Bouncing)
        ),
        "marker-late": Fault(
            "the marker's line follows its pin late, at both edges",
            lambda parts: _interposed(parts, Late),
        ),
        "marker-loaded": Fault(
            "what hangs on the marker's pin draws so much that the device browns out in the midst "
            "of an inference",
            lambda parts: _interposed(parts, Loaded),
        ),
        "device-shorted": Fault(
            "a part behind the shunt has failed and is a short",
            lambda parts: _soldered(parts, lambda old: replace(old, feed=SHORT)),
        ),
        "usb-power": Fault(
            "a USB cable feeds the device beside the supply",
            lambda parts: _soldered(parts, lambda old: replace(old, feed=USB)),
        ),
        "lead-worn": Fault(
            "a contact in the supply's lead is worn, and the voltage sags under load",
            lambda parts: _soldered(parts, lambda old: replace(old, lead=WORN_CONTACT)),
        ),
        "supply-silent": Fault(
            "the supply carries out commands and answers no query",
            lambda parts: _supply(parts, SupplyFault.SILENT),
        ),
        "supply-hangs": Fault(
            "the supply answers no query while its output is on",
            lambda parts: _supply(parts, SupplyFault.HANGS),
        ),
        "supply-hangs-up": Fault(
            "the supply ends the connection once its output has been switched on",
            lambda parts: _supply(parts, SupplyFault.HANGS_UP),
        ),
        "supply-stale": Fault(
            "while its output is on, the supply answers each query with the reply to the one "
            "before",
            lambda parts: _supply(parts, SupplyFault.STALE),
        ),
        "supply-other-model": Fault(
            "another instrument answers at the supply's address",
            lambda parts: _supply(parts, SupplyFault.OTHER_MODEL),
        ),
        "supply-stuck": Fault(
            "the supply keeps its voltage, whatever is set",
            lambda parts: _supply(parts, SupplyFault.STUCK),
        ),
        "supply-complains": Fault(
            "the supply reports an error of its hardware when its output is switched on",
            lambda parts: _supply(parts, SupplyFault.COMPLAINS),
        ),
        "supply-trips": Fault(
            "the supply's over-current protection trips far below its limit",
            lambda parts: _supply(parts, SupplyFault.TRIPS),
        ),
        "digitizer-missing": Fault(
            "the card's driver has no such device",
            lambda parts: _digitizer(parts, DigitizerFault.MISSING),
        ),
        "digitizer-gone": Fault(
            "the card's server ends when samples are read",
            lambda parts: _digitizer(parts, DigitizerFault.GONE),
        ),
        "digitizer-samples-lost": Fault(
            "the card's memory overflows before its samples are fetched",
            lambda parts: _digitizer(parts, DigitizerFault.SAMPLES_LOST),
        ),
        "digitizer-overwritten": Fault(
            "the driver's buffer is overwritten before its samples are read",
            lambda parts: _digitizer(parts, DigitizerFault.OVERWRITTEN),
        ),
        "digitizer-samples-dropped": Fault(
            "in the middle of each recording samples are missing, and nobody says so",
            lambda parts: _digitizer(parts, DigitizerFault.SAMPLES_DROPPED),
        ),
        "shunt-lead-off": Fault(
            "the card's lead to the device's side of the shunt has come off, and floats",
            lambda parts: _rewired(parts, _without(parts.wiring, DEVICE_SIDE)),
        ),
        "shunt-reversed": Fault(
            "the card's leads to the two sides of the shunt are swapped",
            lambda parts: _rewired(parts, SHUNT_REVERSED),
        ),
        "channels-swapped": Fault(
            "the card's channels of supply and shunt are swapped",
            lambda parts: _rewired(parts, CHANNELS_SWAPPED),
        ),
        "channel-saturated": Fault(
            "the amplifier of the shunt's channel is at the end of its range",
            lambda parts: _drifted(parts, lambda old: _amplified(old, AMPLIFIED)),
        ),
        "shunt-drift": Fault(
            "the shunt's resistance has grown by 3 %",
            lambda parts: _soldered(
                parts, lambda old: replace(old, shunt=old.shunt * (1.0 + GAIN))
            ),
        ),
        "gain-drift": Fault(
            "the gain of the shunt's channel has grown by 3 %",
            lambda parts: _drifted(parts, lambda old: _amplified(old, GAIN)),
        ),
        "offset-drift": Fault(
            "the shunt's channel is off by 1 mV",
            lambda parts: _drifted(
                parts, lambda old: replace(old, offset={**old.offset, SHUNT: OFFSET})
            ),
        ),
        "clock-drift": Fault(
            "the card's sample clock is 0.1 % fast",
            lambda parts: _drifted(parts, lambda old: replace(old, clock=CLOCK)),
        ),
    }
)
