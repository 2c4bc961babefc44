"""Instructions of the dense kernels as ESP32 machine code: ``python -m benchmarks.xtensa_kernel``.

Prints Markdown (``--to docs/kernel-instructions.md`` writes it). QEMU counts instructions
(``-icount``) by the core's cycle counter, which is read just before and after each call.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.twin.constants import constants
from bench.twin.core.kernels import Kernels
from models.architecture import features
from models.catalog import NETWORKS
from tests.firmware import xtensa
from tests.firmware.esp32_kernels import Esp32Kernels

HEAD = """# Instructions of the dense kernels on the ESP32's instruction set

Made by `python -m benchmarks.xtensa_kernel --to docs/kernel-instructions.md`: the firmware's
kernels, compiled for the ESP32's core by LLVM 22 at -O2 and counted instruction by instruction in
QEMU. **These are counts, not cycles**: an instruction takes one cycle or more (loads,
multiplications and taken branches more), and misses of the flash cache come on top, so they bound
the cycles of this code from below. They are not ESP-IDF's code either: its GCC has the core's
zero-overhead loops, which save the last two of a MAC's instructions, and more.

The cost model takes {cycles:g} cycles a MAC ({low:g} to {high:g}; `dense_hybrid` in
`bench/twin/constants.toml`), row quantisation included: {gcc} instructions of GCC's for a hybrid
kernel in plain C, with modelled latencies.
"""
FOOT = """
Per MAC and per input are differences of rows of {short} and {long} inputs, which leave out what a
call or a row costs once. That is mostly divisions, of which the emulated core has none: here they
are routines that divide bit by bit, on the chip a few instructions each for floats and libgcc's for
doubles; they, and so the share of the last column, weigh less on the chip.
"""
GCC_INSTRUCTIONS = 8.2
UNITS = 100
SHORT, LONG = 252, 504


@dataclass(frozen=True)
class Counted:
    """Kernels in an emulator that counts; `calls` are the same kernels' own face."""

    kernels: Kernels
    calls: Esp32Kernels

    def of(self, call: Callable[[], object]) -> int:
        """Instructions of one call, without those that reading the counter takes."""
        self.calls.nothing()
        reading = self.calls.instructions
        call()
        return self.calls.instructions - reading

    def hybrid(
        self, units: int, inputs: int, *, asymmetric: bool = True, signed: bool = False
    ) -> int:
        """A layer with a scale for each unit, on a row behind a ReLU, or `signed` as an LSTM's."""
        draw = np.random.default_rng(inputs)
        weights = draw.integers(-127, 128, (units, inputs)).astype(np.int8)
        floats = draw.uniform(0.01, 0.1, units).astype(np.float32)
        row = self._row(inputs, signed=signed)
        return self.of(
            lambda: self.kernels.hybrid_dense(
                weights, floats, floats, row, asymmetric=asymmetric, activation=1
            )
        )

    def float(self, units: int, inputs: int) -> int:
        """The same in float32."""
        weights = np.random.default_rng(inputs).normal(size=(units, inputs)).astype(np.float32)
        bias = np.ones(units, np.float32)
        return self.of(lambda: self.kernels.float_dense(weights, bias, self._row(inputs), 1))

    def quantisation(self, inputs: int, *, asymmetric: bool = True, signed: bool = False) -> int:
        """Of a row to bytes."""
        row = self._row(inputs, signed=signed).tobytes()
        return self.of(lambda: self.calls.quantise_row(row, asymmetric))

    @staticmethod
    def _row(inputs: int, *, signed: bool = False) -> NDArray[np.float32]:
        row = np.random.default_rng(inputs).normal(size=(1, inputs)).astype(np.float32)
        return row if signed else np.maximum(0, row)


def parts(counted: Counted) -> Iterator[str]:
    """Rows of the table of what grows with a size, and of what is left."""

    def grows(of: Callable[[int], int]) -> float:
        return (of(LONG) - of(SHORT)) / (LONG - SHORT)

    def hybrid(**told: bool) -> float:
        return grows(
            lambda inputs: (
                counted.hybrid(UNITS, inputs, **told) - counted.quantisation(inputs, **told)
            )
        )

    yield f"| hybrid, behind a ReLU | MAC | {hybrid() / UNITS:.2f}"
    yield f"| hybrid, row of both signs | MAC | {hybrid(signed=True) / UNITS:.2f}"
    yield f"| hybrid, symmetric | MAC | {hybrid(asymmetric=False) / UNITS:.2f}"
    yield f"| float32 | MAC | {grows(lambda inputs: counted.float(UNITS, inputs)) / UNITS:.2f}"
    for name, asymmetric in (("asymmetric", True), ("symmetric", False)):
        row = partial(counted.quantisation, asymmetric=asymmetric)
        each = grows(row)
        yield f"| row to int8, {name} | input | {each:.2f}"
        yield f"| row to int8, {name} | row, besides | {row(SHORT) - each * SHORT:.0f}"


def layers(counted: Counted) -> Iterator[str]:
    """Rows of the table of the networks' first dense layers under D, one for each shape."""
    shapes: dict[tuple[int, int, bool], list[str]] = {}
    for network in NETWORKS.values():
        shape = network.dense, features(network), network.lstm is not None
        shapes.setdefault(shape, []).append(network.name)
    for (units, inputs, signed), names in shapes.items():
        every = counted.hybrid(units, inputs, signed=signed)
        quantisation = counted.quantisation(inputs, signed=signed)
        yield (
            f"| {', '.join(names)} | {inputs} x {units} | {every} | "
            f"{every / (units * inputs):.2f} | {quantisation / every:.0%}"
        )


def page(counted: Counted) -> str:
    """All of it, as Markdown."""
    cycles = constants().cycles["dense_hybrid"]
    head = HEAD.format(cycles=cycles.value, low=cycles.low, high=cycles.high, gcc=GCC_INSTRUCTIONS)
    tables = (
        ("| what | per | instructions |\n|---|---|---|", parts(counted)),
        (
            "| first dense layer under D of | inputs x units | instructions | per MAC | share of "
            "the row to int8 |\n|---|---|---|---|---|",
            layers(counted),
        ),
    )
    texts = (top + "\n" + "\n".join(f"{row} |" for row in rows) for top, rows in tables)
    return head + "\n" + "\n\n".join(texts) + "\n" + FOOT.format(short=SHORT, long=LONG)


def main() -> None:
    """Print or write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, help="Markdown file to write instead of printing")
    arguments = parser.parse_args()
    if (reason := xtensa.missing()) is not None:
        sys.exit(f"ESP32 machine code cannot be run here: {reason}")
    with xtensa.Emulator(xtensa.built("kernels"), counting=True) as emulator:
        calls = Esp32Kernels(emulator)
        text = page(Counted(Kernels(calls), calls))  # type: ignore[arg-type]  # same functions
    if arguments.to is None:
        print(text, end="")
    else:
        arguments.to.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
