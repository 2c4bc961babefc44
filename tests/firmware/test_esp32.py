"""The core and the kernels as ESP32 machine code: what this machine's give, byte for byte."""

import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bench.device.images import ModelImage, Standardisation
from bench.twin.core.kernels import Kernels
from bench.twin.sensor import Mpu6050, Stream
from models.graph import Quantisation, Tensor
from tests.firmware import echo_board, xtensa
from tests.firmware.echo_board import NAME, Device, EchoBoard
from tests.firmware.esp32_core import Esp32Core
from tests.firmware.test_core_console import pieces
from tests.firmware.test_live import MEAN, SCALE, recorded

INT8 = Tensor(0, "tensor", (1, 6), "int8", None, None, False, Quantisation((0.25,), (-3,), 0))
IMAGE = ModelImage(NAME, "F", bytes(range(256)), Standardisation((0.5, -2.0), (3.0, 0.1)))


LIVE_IMAGE = replace(IMAGE, standardisation=Standardisation(MEAN, SCALE))


class Bus:
    """A sensor that plays a stream, on a bus where a transfer takes 0.3 ms; keeps all of them."""

    def __init__(self, board: EchoBoard, stream: Stream) -> None:
        self._board, self._sensor = board, Mpu6050(stream)

    def write(self, register: int, value: int) -> None:
        self._take(f"write {register:x} {value:x}")
        self._sensor.write(register, value, self._board.now)

    def read(self, register: int, size: int) -> bytes:
        self._take(f"read {register:x} {size}")
        return self._sensor.read(register, size, self._board.now)

    def sleep(self, longest: int) -> None:
        self._board.calls.append(f"sleep {longest}")
        now = self._board.now
        interrupt = self._sensor.interrupt_at(now)
        self._board.now = min(now + longest, now + longest if interrupt is None else interrupt)

    def _take(self, transfer: str) -> None:
        self._board.calls.append(transfer)
        self._board.now += 300


class ImpatientBoard(EchoBoard):
    """Somebody presses a key after so many samples."""

    patience = 0

    def interrupted(self) -> bool:
        self.patience -= 1
        return self.patience < 0


def windows_of(dtype: str) -> tuple[Tensor, Tensor]:
    """Input and output of a model that takes windows of six channels."""
    return replace(INT8, dtype=dtype, shape=(1, 128, 6)), replace(INT8, dtype=dtype)


def device(board: EchoBoard, emulator: xtensa.Emulator | None, image: ModelImage = IMAGE) -> Device:
    """A device that has booted, here or as ESP32 machine code."""
    if emulator is None:
        return Device(board, image)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(echo_board, "Core", lambda *told: Esp32Core(emulator, *told))
        return Device(board, image)


@settings(max_examples=60, deadline=None)
@given(st.lists(pieces | st.just(b"infer 3 1%results%"), max_size=4), st.binary(max_size=48))
def test_any_bytes_are_answered_by_the_same_bytes_and_calls(
    esp32_core: xtensa.Emulator, streams: list[bytes], values: bytes
) -> None:
    said, calls = [], []
    for emulator in (None, esp32_core):
        board = EchoBoard(INT8, INT8)
        asked = device(board, emulator)
        said.append([*asked.boot, *asked.load(values or b"\0")])
        for stream in streams:
            asked.core.receive(stream + b"%")
            said[-1] += asked.take()
        calls.append(board.calls)
    assert said[0] == said[1]
    assert calls[0] == calls[1]


@settings(max_examples=20)
@given(
    st.lists(st.sampled_from([1, 100, 128, 192, 255]), min_size=1, max_size=4),
    st.integers(0, 99),
    st.sampled_from(["float32", "int8"]),
    st.sampled_from([0, 15_000, 700_000, 2_000_000]),
    st.integers(0, 1000),
    st.sampled_from(["live 3%", "live 4 outputs%results%live 1%"]),
)
@example([192, 128], 0, "int8", 15_000, 1000, "live 4 outputs%")
def test_live_samples_give_the_same_bytes_and_transfers(
    esp32_core: xtensa.Emulator,
    lengths: list[int],
    seed: int,
    dtype: str,
    latency: int,
    patience: int,
    command: str,
) -> None:
    said, calls = [], []
    for emulator in (None, esp32_core):
        board = ImpatientBoard(*windows_of(dtype), latency=latency)
        board.patience = patience
        board.sensor = Bus(board, recorded(lengths, seed))
        asked = device(board, emulator, LIVE_IMAGE)
        asked.core.receive(command.encode())
        said.append(asked.take())
        calls.append(board.calls)
    assert said[0][-1] == "m-ready"
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


ARITHMETIC = """
#include "host.hpp"
int main() {
  double a = 0;
  while (host::read(&a, sizeof a)) {
    const auto b = host::next<double>();
    host::put(a + b);
    host::put(a - b);
    host::put(a * b);
    host::put(a / b);
    host::put(static_cast<double>(static_cast<float>(a)));
    host::put(static_cast<float>(a) / static_cast<float>(b));
    host::put<std::uint32_t>((a < b) + 2 * (a <= b) + 4 * (a == b) + 8 * (a >= b) + 16 * (a > b));
  }
  return 0;
}
"""


@pytest.fixture(scope="module")
def arithmetic(esp32: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[xtensa.Emulator]:
    """An emulator that computes with doubles."""
    folder = tmp_path_factory.mktemp("arithmetic")
    (folder / "arithmetic.cpp").write_text(ARITHMETIC)
    program = xtensa.Build(folder).linked(folder / "arithmetic.cpp", ())
    with xtensa.Emulator(program) as emulator:
        yield emulator


def results(a: np.float64, b: np.float64) -> list[float]:
    """What `ARITHMETIC` computes, computed here."""
    narrow = np.float32(a) / np.float32(b)
    return [float(x) for x in (a + b, a - b, a * b, a / b, np.float32(a), narrow)]


@settings(max_examples=200)
@given(st.floats(), st.floats(), st.floats(0.5, 2.0))
@np.errstate(all="ignore")
def test_doubles_are_rounded_as_here(
    arithmetic: xtensa.Emulator, first: float, second: float, near: float
) -> None:
    a = np.float64(first)
    for b in (np.float64(second), np.float64(near), a * near, np.nextafter(a, second)):
        arithmetic.send(struct.pack("<dd", a, b))
        *there, compared = struct.unpack("<5dfI", arithmetic.receive(48))
        assert [x.hex() for x in there] == [x.hex() for x in results(a, b)]  # "nan" has no sign
        holds = (a < b, a <= b, a == b, a >= b, a > b)
        assert compared == sum(int(each) << bit for bit, each in enumerate(holds))


def test_an_exception_ends_the_program_with_its_cause(esp32: None, tmp_path: Path) -> None:
    source = tmp_path / "fault.cpp"
    source.write_text("int main() { return *reinterpret_cast<volatile int*>(0x4001); }\n")
    program = xtensa.Build(tmp_path).linked(source, ())
    with xtensa.Emulator(program) as emulator, pytest.raises(xtensa.EmulatorError, match="73"):
        emulator.receive(1)  # 64 and LoadStoreAlignmentCause


def test_the_emulator_counts_every_instruction(esp32: None, tmp_path: Path) -> None:
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
