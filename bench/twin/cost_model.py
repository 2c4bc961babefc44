"""What one inference costs on the device: time and current of each operator.

An operator takes cycles for its multiply-accumulates, outputs and bytes copied, by its types
(`constants.toml`), and waits for each line of flash that is not in the cache: 32 KB in two ways of
32-byte lines, shared by the model's constants and the code that runs. The constants' addresses are
those of the flashed file. Weights are scanned from their first byte to their last, once for each
inference; by an LSTM once for each time step. The misses are those of the third of three
inferences in a row, when the cache has settled. Each operator also brings its share of the code.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Literal

from bench.errors import BenchError
from bench.twin.constants import Constants, constants
from models.flatbuffer import FlatModel, Operator, Tensor

_CODE_ADDRESS = 0x0100_0000
"""Away from any model's addresses; a multiple of the MMU's pages, as instruction memory is."""
_INFERENCES_TO_SETTLE = 3


@dataclass(frozen=True)
class Settings:
    """How the device is set.

    Attributes:
        clock_mhz: CPU clock: 80, 160 or 240 MHz.
        flash_mode: ``QIO 80``, ``QIO 40``, ``DIO 80`` or ``DIO 40``.
        sensor: Whether the sensor is behind the shunt.
        constants_at: The central values of cycles and line fills, or an end of their stated
            uncertainty; currents are the central ones.
    """

    clock_mhz: int = 160
    flash_mode: str = "QIO 80"
    sensor: bool = True
    constants_at: Literal["low", "value", "high"] = "value"

    def current(self, state: Literal["idle", "active", "stalled"]) -> float:
        """Current in A behind the shunt while the CPU is in `state`.

        Raises:
            BenchError: No currents are known for this clock.
        """
        currents = constants().current
        by_clock = {
            "idle": currents.idle,
            "active": currents.active,
            "stalled": currents.stalled,
        }[state]
        if str(self.clock_mhz) not in by_clock:
            raise BenchError(f"clock of {self.clock_mhz} MHz, wanted one of {', '.join(by_clock)}")
        amps = by_clock[str(self.clock_mhz)].value
        return amps + (currents.sensor.value if self.sensor else 0.0)

    @property
    def idle_amps(self) -> float:
        """Current in A while waiting at the same clock, sensor on."""
        return self.current("idle")

    @property
    def sleep_amps(self) -> float:
        """Current in A in light sleep, sensor on."""
        currents = constants().current
        return currents.light_sleep.value + (currents.sensor.value if self.sensor else 0.0)


@dataclass(frozen=True)
class OperatorCost:
    """One operator of one inference: time in s, of it `stalled` on the flash, and mean current."""

    name: str
    macs: int
    seconds: float
    stalled: float
    amps: float


class FlashCache:
    """A set-associative cache with least-recently-used replacement, counting misses by line."""

    def __init__(self, size: int, ways: int, line: int) -> None:
        self._line, self._ways = line, ways
        self._sets: list[list[int]] = [[] for _ in range(size // line // ways)]

    def scan(self, address: int, length: int) -> int:
        """Read `length` bytes from `address` on; returns how many lines had to be fetched."""
        misses = 0
        for line in range(address // self._line, (address + length + self._line - 1) // self._line):
            ways = self._sets[line % len(self._sets)]
            if line in ways:
                ways.remove(line)
            else:
                misses += 1
                if len(ways) == self._ways:
                    del ways[0]
            ways.append(line)
        return misses


def costs(model: FlatModel, address: int, settings: Settings) -> tuple[OperatorCost, ...]:
    """The cost of each operator of one inference in the steady state.

    Args:
        model: The model.
        address: Where in the flash its file begins.
        settings: Clock, flash mode, and which end of the constants' uncertainty.

    Raises:
        BenchError: An operator's types have no constants; flash mode or clock are unknown.
    """
    table = constants()
    if settings.flash_mode not in table.line_fill:
        raise BenchError(
            f"flash mode {settings.flash_mode!r}, wanted one of {', '.join(table.line_fill)}"
        )
    fill = table.line_fill[settings.flash_mode].at(settings.constants_at)
    misses = _steady_misses(model, address, table)
    clock = settings.clock_mhz * 1e6
    active, stalled_amps = settings.current("active"), settings.current("stalled")
    found = []
    for operator, missed in zip(model.operators, misses, strict=True):
        busy = _cycles(model, operator, table, settings) / clock
        stalled = missed * fill
        amps = (active * busy + stalled_amps * stalled) / (busy + stalled)
        macs = multiply_accumulates(model, operator)
        found.append(OperatorCost(operator.name, macs, busy + stalled, stalled, amps))
    return tuple(found)


def multiply_accumulates(model: FlatModel, operator: Operator) -> int:
    """Multiply-accumulates of one operator; 0 for one without weights."""
    output = _shape(model, operator.outputs[0])
    match operator.name:
        case "CONV_2D":
            return prod(output) * prod(_shape(model, operator.inputs[1])[1:])
        case "FULLY_CONNECTED":
            return prod(_shape(model, operator.inputs[1]))
        case "UNIDIRECTIONAL_SEQUENCE_LSTM":
            return _time_steps(model, operator) * sum(
                prod(tensor.shape) for tensor in _constants(model, operator) if _is_matrix(tensor)
            )
    return 0


def _cycles(model: FlatModel, operator: Operator, table: Constants, settings: Settings) -> float:
    def cycles(name: str) -> float:
        return table.cycles[name].at(settings.constants_at)

    kernel = model.kernel(operator)
    kind = "float" if kernel.input == "float32" else "int8"
    macs = multiply_accumulates(model, operator)
    output = model.tensors[operator.outputs[0]]
    own = cycles("operator")
    if operator.index == 0:
        own += cycles("interpreter")
    if kernel.hybrid and operator.name != "FULLY_CONNECTED":
        raise BenchError(f"{kernel}: the firmware has no such kernel, so its time is not modelled")
    match operator.name:
        case "CONV_2D":
            return own + macs * cycles(f"conv_{kind}")
        case "FULLY_CONNECTED":
            return own + macs * cycles("dense_hybrid" if kernel.hybrid else f"dense_{kind}")
        case "UNIDIRECTIONAL_SEQUENCE_LSTM":
            return own + macs * cycles(f"lstm_{kind}")
        case "MAX_POOL_2D":
            return own + prod(output.shape) * cycles(f"pool_{kind}")
        case "SOFTMAX":
            return own + prod(output.shape) * cycles(f"softmax_{kind}")
        case "RESHAPE" | "STRIDED_SLICE" | "EXPAND_DIMS" | "SQUEEZE":
            return own + output.nbytes * cycles("copy")
    return own + prod(output.shape) * cycles("elementwise")


def _steady_misses(model: FlatModel, address: int, table: Constants) -> list[int]:
    parts = table.cache
    cache = FlashCache(int(parts.bytes.value), int(parts.ways.value), int(parts.line.value))
    misses: list[int] = []
    for _ in range(_INFERENCES_TO_SETTLE):
        misses = [
            sum(cache.scan(begin, length) for begin, length in stretches)
            for stretches in _address_stream(model, address, int(parts.code.value))
        ]
    return misses


def _address_stream(
    model: FlatModel, address: int, code_bytes: int
) -> Iterator[Iterator[tuple[int, int]]]:
    """For each operator the stretches of flash that it reads: first byte and length."""
    share = code_bytes // len(model.operators)
    for operator in model.operators:
        yield _stretches(model, operator, address, _CODE_ADDRESS + operator.index * share, share)


def _stretches(
    model: FlatModel, operator: Operator, address: int, code: int, code_bytes: int
) -> Iterator[tuple[int, int]]:
    yield code, code_bytes
    scans = _time_steps(model, operator) if operator.name == "UNIDIRECTIONAL_SEQUENCE_LSTM" else 1
    for _ in range(scans):
        for tensor in _constants(model, operator):
            assert tensor.offset is not None
            yield address + tensor.offset, tensor.nbytes


def _constants(model: FlatModel, operator: Operator) -> list[Tensor]:
    inputs = (model.tensors[index] for index in operator.inputs if index >= 0)
    return [tensor for tensor in inputs if tensor.data is not None]


def _is_matrix(tensor: Tensor) -> bool:
    return len(tensor.shape) == 2


def _time_steps(model: FlatModel, operator: Operator) -> int:
    """Steps of an LSTM's input: (batch, time, features) or, with `time_major`, time first."""
    shape = _shape(model, operator.inputs[0])
    return shape[0] if operator.options.get("time_major") else shape[1]


def _shape(model: FlatModel, index: int) -> tuple[int, ...]:
    return model.tensors[index].shape
