"""The core and the kernels as ESP32 machine code: what this machine's give, byte for byte."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.device.images import ModelImage, Standardisation
from bench.twin.core.kernels import Kernels
from models.graph import Quantisation, Tensor
from tests.firmware import echo_board, xtensa
from tests.firmware.echo_board import NAME, Device, EchoBoard
from tests.firmware.esp32 import Esp32Core
from tests.firmware.test_core_console import pieces

INT8 = Tensor(0, "tensor", (1, 6), "int8", None, None, False, Quantisation((0.25,), (-3,), 0))
IMAGE = ModelImage(NAME, "F", bytes(range(256)), Standardisation((0.5, -2.0), (3.0, 0.1)))


@pytest.fixture(scope="module")
def core_program() -> Iterator[xtensa.Emulator]:
    if (reason := xtensa.missing()) is not None:
        pytest.skip(reason)
    with xtensa.Emulator(xtensa.built("core")) as emulator:
        yield emulator


def device(board: EchoBoard, emulator: xtensa.Emulator | None) -> Device:
    """A device that has booted, here or as ESP32 machine code."""
    if emulator is None:
        return Device(board, IMAGE)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(echo_board, "Core", lambda *told: Esp32Core(emulator, *told))
        return Device(board, IMAGE)


@settings(max_examples=60, deadline=None)
@given(st.lists(pieces | st.just(b"infer 3 1%results%"), max_size=4), st.binary(max_size=48))
def test_any_bytes_are_answered_by_the_same_bytes_and_calls(
    core_program: xtensa.Emulator, streams: list[bytes], values: bytes
) -> None:
    said, calls = [], []
    for emulator in (None, core_program):
        board = EchoBoard(INT8, INT8)
        asked = device(board, emulator)
        said.append([*asked.boot, *asked.load(values or b"\0")])
        for stream in streams:
            asked.core.receive(stream + b"%")
            said[-1] += asked.take()
        calls.append(board.calls)
    assert said[0] == said[1]
    assert calls[0] == calls[1]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 20), st.integers(1, 300), st.booleans(), st.booleans())
def test_a_layer_and_its_softmax_come_out_the_same_to_the_last_bit(
    host_kernels: Kernels,
    esp32_kernels: Kernels,
    seed: int,
    units: int,
    inputs: int,
    asymmetric: bool,
    relu: bool,
) -> None:
    draw = np.random.default_rng(seed)
    weights = draw.integers(-127, 128, (units, inputs)).astype(np.int8)
    scales, bias = draw.normal(size=(2, units)).astype(np.float32)
    rows = (draw.normal(size=(2, inputs)) * 10 ** draw.uniform(-6, 6)).astype(np.float32)
    outputs = []
    for kernels in (host_kernels, esp32_kernels):
        hybrid = kernels.hybrid_dense(
            weights, scales, bias, np.maximum(0, rows) if relu else rows, asymmetric=asymmetric
        )
        dense = kernels.float_dense(weights.astype(np.float32), bias, rows, 3)
        outputs.append((hybrid, dense, kernels.softmax(hybrid, 0.7)))
    for here, there in zip(*outputs, strict=True):
        assert here.tobytes() == there.tobytes()


def test_an_exception_ends_the_program_with_its_cause(tmp_path: Path) -> None:
    if (reason := xtensa.missing()) is not None:
        pytest.skip(reason)
    source = tmp_path / "fault.cpp"
    source.write_text("int main() { return *reinterpret_cast<volatile int*>(0x4001); }\n")
    program = xtensa.Build(tmp_path).linked(source, ())
    with xtensa.Emulator(program) as emulator, pytest.raises(xtensa.EmulatorError, match="73"):
        emulator.receive(1)  # 64 and LoadStoreAlignmentCause


def test_the_emulator_counts_every_instruction(tmp_path: Path) -> None:
    if (reason := xtensa.missing()) is not None:
        pytest.skip(reason)
    source = tmp_path / "count.cpp"
    source.write_text(
        '#include "host.hpp"\n'
        "int main() {\n"
        "  const auto loops = host::next<std::uint32_t>();\n"
        "  std::uint32_t left = loops;\n"
        "  const std::uint32_t before = cycle_count();\n"
        '  __asm__ volatile("1: addi %0, %0, -1\\n bnez %0, 1b" : "+r"(left));\n'
        "  host::put(cycle_count() - before);\n"
        "  return 0;\n"
        "}\n"
    )
    program = xtensa.Build(tmp_path).linked(source, ())
    counts = []
    for loops in (1000, 51_000):
        with xtensa.Emulator(program, counting=True) as emulator:
            emulator.send(loops.to_bytes(4, "little"))
            counts.append(xtensa.instructions(int.from_bytes(emulator.receive(4), "little")))
    assert counts[1] - counts[0] == 2 * 50_000
