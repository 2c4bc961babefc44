"""The twin's application, spoken to through the chip's UART."""

import functools
import struct
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bench.device.deployability import check_outputs
from bench.device.firmware import FIRMWARE, FIRMWARE_VERSION
from bench.device.images import (
    MODEL_PARTITION_OFFSET,
    PARTITION_TABLE_OFFSET,
    ModelImage,
    Standardisation,
    encode_model,
    encode_partition_table,
    paper_layout,
)
from bench.twin.core.application import CoreApplication
from bench.twin.cost_model import Settings
from bench.twin.esp32.chip import Esp32
from bench.twin.esp32.flash import Flash
from bench.twin.lab import firmware_parts
from bench.twin.runtime import ARENA_SIZE
from bench.twin.world import World
from models.flatbuffer import read
from models.tolerance import output_tolerance

DATA = Path(__file__).parents[1] / "data"
READY = "m-ready"
SETTLE = 0.010
"""Ten time constants in s, which pass before and behind a window."""


@dataclass
class Line:
    """The client's end of the cable; keeps when each piece came, in simulated s."""

    world: World
    rate: int = 115200
    pieces: list[tuple[float, bytes]] = field(default_factory=list)

    def send(self, data: bytes) -> None:
        self.pieces.append((self.world.now, data))

    def take(self) -> list[str]:
        text = b"".join(data for _, data in self.pieces).decode()
        self.pieces.clear()
        assert text.endswith("\r\n")
        return text.splitlines()


class Device:
    """A chip with the twin's firmware and, in its model partition, `model`."""

    def __init__(self, model: bytes, parts: dict[int, bytes] | None = None) -> None:
        self.world = World()
        flash = Flash()
        for offset, data in (parts or firmware_parts()).items():
            flash.program(offset, data)
        flash.program(MODEL_PARTITION_OFFSET, model)
        self.line = Line(self.world)
        self._chip = Esp32(self.world, lambda host: CoreApplication(host, Settings()), flash=flash)
        self._chip.connect(self.line)
        self.world.connect(3.3)
        self.boot = self.line.take()

    def ask(self, *commands: str) -> list[str]:
        """What is answered to commands, without the last ``m-ready``."""
        self.send("".join(f"{command}%" for command in commands).encode())
        lines = self.line.take()
        assert lines[-1] == READY
        return lines[:-1]

    def send(self, data: bytes) -> None:
        with self.world.lock:
            self._chip.receive(data)

    def load(self, data: bytes) -> list[str]:
        lines = self.ask(f"db load {len(data)}")
        for at in range(0, len(data), 31):
            lines += self.ask(f"db {data[at : at + 31].hex()}")
        return lines


def image(name: str, standardisation: Standardisation | None = None) -> ModelImage:
    network, technique = name.split("-")
    content = (DATA / f"{name}.tflite").read_bytes()
    return ModelImage(network, technique, content, standardisation)


def golden(name: str) -> tuple[NDArray[Any], NDArray[Any]]:
    with np.load(DATA / f"{name}.npz") as file:
        return file["inputs"], file["outputs"]


@functools.cache
def device(name: str = "tiny-L") -> Device:
    """One for all tests that leave it as it was: able to answer."""
    return Device(encode_model(image(name)))


def results(lines: list[str]) -> list[float]:
    (line,) = (line for line in lines if line.startswith("m-results-["))
    return [float(text) for text in line.removeprefix("m-results-[").removesuffix("]").split(",")]


def laps(lines: list[str]) -> list[int]:
    return [int(line.removeprefix("m-lap-us-")) for line in lines if line.startswith("m-lap-us-")]


def test_a_boot_ends_with_the_console() -> None:
    boot = Device(encode_model(image("tiny-L"))).boot
    assert boot[-2:] == ["m-init-done", READY]
    assert "SPI_FAST_FLASH_BOOT" in "".join(boot)


def test_the_device_says_what_it_is_and_holds() -> None:
    content = image("tiny-D")
    asked = device("tiny-D").ask
    assert asked("name") == [f"m-name-dut-[{FIRMWARE}]"]
    assert asked("profile") == [f"m-profile-[{FIRMWARE} {FIRMWARE_VERSION}]", "m-model-[tiny-D]"]
    assert asked("model") == [
        "m-model-name-[tiny]",
        "m-model-technique-[D]",
        f"m-model-bytes-{len(content.model)}",
        f"m-model-crc-{content.crc:08x}",
    ]
    assert asked("clock") == ["m-clock-hz-160000000"]
    assert f"m-arena-size-{ARENA_SIZE}" in asked("arena")
    operators = asked("ops")
    assert len(operators) == len(read(content.model).operators)
    assert operators[1].startswith("m-op-[CONV_2D]-us-")
    (listed,) = asked("help")
    assert {"name", "profile", "timestamp", "db", "infer", "results"} <= set(
        listed.removeprefix("m-help-[").removesuffix("]").split()
    )


def test_time_stamps_are_microseconds_since_the_start() -> None:
    tested = device()
    first, second = (laps(tested.ask("timestamp"))[0] for _ in range(2))
    # A command and its answer at 115200 bit/s: 10 and about 17 + 9 characters.
    assert 1e-3 < (second - first) * 1e-6 < 10e-3


@pytest.mark.parametrize("name", ["tiny-L", "tiny-D", "tiny-F", "tiny_lstm-F"])
def test_golden_windows_are_computed_from_the_flashed_bytes(name: str) -> None:
    inputs, outputs = golden(name)
    tested = device(name)
    seen = []
    for values in inputs:
        lines = tested.load(values.tobytes())
        assert lines[0] == f"m-[Expecting {values.nbytes} bytes]"
        assert lines[-1] == "m-load-done"
        seen.append(results(tested.ask("infer 1 0")))
        assert results(tested.ask("results")) == seen[-1]
    graph = read(image(name).model)
    assert check_outputs(graph.output, outputs, seen, output_tolerance(graph)).kept


@pytest.mark.parametrize("name", ["tiny-L", "tiny-F"])
def test_a_raw_window_is_standardised_and_quantised_on_the_device(name: str) -> None:
    mean, scale = tuple(np.arange(6.0)), tuple(2.0 ** np.arange(6))
    tested = Device(encode_model(image(name, Standardisation(mean, scale))))
    tensor = read(image(name).model).input
    inputs, outputs = golden(name)
    window = tensor.to_real(inputs[0]) * np.array(scale) + np.array(mean)
    tested.load(window.astype("<f4").tobytes())
    seen = results(tested.ask("infer 1 0"))
    graph = read(image(name).model)
    assert check_outputs(graph.output, outputs[:1], [seen], output_tolerance(graph)).kept


def test_the_input_can_be_printed() -> None:
    tested = device("tiny-F")
    data = bytes(range(50))
    tested.ask("db load 50", *(f"db {data[at : at + 31].hex()}" for at in (0, 31)))
    lines = tested.ask("db print")
    assert bytes.fromhex("".join(line.removeprefix("m-buffer-") for line in lines)) == data


def test_results_have_nine_significant_digits() -> None:
    tested = device()
    tested.load(golden("tiny-L")[0][0].tobytes())
    for value in results(tested.ask("infer 1 0")):
        assert struct.pack("<f", value) == np.float32(value).tobytes()
        assert float(f"{np.float32(value):.9g}") == value


def measured(count: int, warm_up: int) -> tuple[Device, list[str]]:
    tested = Device(encode_model(image("tiny-L")))
    tested.load(golden("tiny-L")[0][0].tobytes())
    tested.line.pieces.clear()
    tested.send(f"infer {count} {warm_up}%".encode())
    return tested, b"".join(data for _, data in tested.line.pieces).decode().splitlines()


def edges(world: World) -> list[float]:
    """When the marker changed, in s."""
    history = world.history
    changes = zip(history.start[1:], pairwise(history.marker), strict=True)
    return [time for time, (before, after) in changes if before != after]


def test_a_measured_run_answers_in_the_protocols_order() -> None:
    _, lines = measured(20, 3)
    kinds = [line.rstrip("0123456789") for line in lines[:6]]
    assert kinds == [
        "m-warmup-start-", "m-warmup-done", "m-infer-start-", "m-lap-us-", "m-lap-us-",
        "m-infer-done",
    ]  # fmt: skip
    assert (lines[0], lines[2]) == ("m-warmup-start-3", "m-infer-start-20")
    assert lines[6].startswith("m-results-[")
    assert lines[7:] == [READY]


def test_the_marker_is_high_for_the_measured_inferences_alone() -> None:
    tested, lines = measured(20, 3)
    rise, fall = edges(tested.world)
    assert [found.time for found in tested.world.rises] == [rise]
    assert tested.world.rises[0].key == ("tiny-L", 1, 1)
    tested.line.pieces.clear()
    operators = tested.ask("ops")
    latency = sum(float(line.rpartition("-")[2]) for line in operators) * 1e-6
    assert fall - rise == pytest.approx(20 * latency, rel=1e-3)
    begin, end = laps(lines)
    assert (end - begin) * 1e-6 == pytest.approx(fall - rise, abs=1.1e-6)


def test_no_byte_leaves_near_the_window_and_the_load_is_settled() -> None:
    tested, _ = measured(20, 0)
    world = tested.world
    rise = world.rises[0].time
    _, fall = edges(world)
    quiet = [time for time, _ in tested.line.pieces if rise - SETTLE <= time <= fall + SETTLE]
    assert quiet == []
    idle = Settings().idle_amps
    loads = np.array(world.history.load)
    starts = np.array(world.history.start)
    before = loads[(starts >= rise - SETTLE) & (starts < fall)]
    assert (before > idle).all()  # inferences, from ten milliseconds before the rise to the fall
    after = loads[(starts > fall) & (starts < fall + SETTLE)]
    assert (after == idle).all()


def test_a_brown_out_under_an_inference_resets_the_device() -> None:
    tested = Device(encode_model(image("tiny-L")))
    tested.load(golden("tiny-L")[0][0].tobytes())
    idle, active = (Settings().current(state) for state in ("idle", "active"))
    world = tested.world
    with world.lock:
        world.connect(world.brown_out + world.parts.shunt * (idle + active) / 2)
    tested.send(b"infer 20 3%name%")
    assert not world.history.marker[-1]
    text = b"".join(data for _, data in tested.line.pieces).decode()
    assert "m-warmup-start-3" in text
    assert "RTCWDT_BROWN_OUT_RESET" in text
    assert "m-infer-done" not in text


def test_the_warm_up_defaults_to_ten() -> None:
    tested = device()
    tested.load(golden("tiny-L")[0][0].tobytes())
    assert tested.ask("infer 1")[0] == "m-warmup-start-10"


@pytest.mark.parametrize(
    ("commands", "why"),
    [
        (["frobnicate"], "unknown command: 'frobnicate'"),
        ([""], "unknown command: ''"),
        (["_do_name"], "unknown command"),
        (["x\r\nm-ready\r\ny"], r"unknown command: 'x\r\nm-ready\r\ny'"),
        (["é"], "unknown command"),
        (["db"], "db wants: load N, HEX or print"),
        (["db load"], "db: not hexadecimal"),
        (["db load 0"], "db wants"),
        (["db load -5"], "db wants"),
        (["db load 1048577"], "db wants"),
        (["db load 99999999999999999999"], "db wants"),
        (["db load 2", "db 0g"], "db: not hexadecimal"),
        (["db load 2", "db 012"], "db: not hexadecimal"),
        (["db load 2", "db 010203"], "db: more than the 2 bytes expected"),
        (["db load 1", "db 01", "db 02"], "db: more than the 1 bytes expected"),
        (["infer"], "infer wants: N [W]"),
        (["infer one"], "infer wants"),
        (["infer 1 2 3"], "infer wants"),
        (["infer 0"], "infer: N and W up to"),
        (["infer 1000001"], "infer: N and W up to"),
        (["infer 1 1000001"], "infer: N and W up to"),
        (["db load 4", "infer 1"], "input: 0 bytes loaded, the model takes 3072"),
        (["db load 4", "db 00000000", "infer 1"], "input: 4 bytes loaded"),
        (["n" * 5000], "command longer than 4096"),
        (["name" + " " * 5000 + "x"], "command longer than 4096"),
    ],
)
def test_a_command_that_cannot_be_carried_out_is_refused(commands: list[str], why: str) -> None:
    tested = device()
    *_, last = tested.ask(*commands)
    assert last.startswith(f"e-[{why}")
    assert last.isascii()
    assert tested.ask("name") == [f"m-name-dut-[{FIRMWARE}]"]


def damaged(name: str) -> bytes:
    content = bytearray(encode_model(image(name)))
    content[1000] ^= 1
    return bytes(content)


def without_model_partition() -> dict[int, bytes]:
    return firmware_parts() | {PARTITION_TABLE_OFFSET: encode_partition_table(paper_layout())}


@pytest.mark.parametrize(
    ("partition", "parts", "why"),
    [
        (b"", None, r"model partition starts with '\xff\xff\xff\xff', wanted 'HARM'"),
        (damaged("tiny-L"), None, "model partition: CRC-32 of the model is"),
        (encode_model(image("tiny-L")), without_model_partition(), "no model partition in the"),
    ],
    ids=["blank", "damaged", "no partition"],
)
def test_a_device_without_a_model_says_why(
    partition: bytes, parts: dict[int, bytes] | None, why: str
) -> None:
    tested = Device(partition, parts)
    assert tested.boot[-2:] == ["m-init-done", READY]
    for command in ("model", "arena", "ops", "infer 1"):
        (line,) = tested.ask(command)
        assert line.startswith(f"e-[{why}")


@pytest.mark.parametrize(
    ("held", "why"),
    [
        (image("hybrid_lstm-D"), "model: no hybrid kernel for UNIDIRECTIONAL_SEQUENCE_LSTM"),
        (image("large_arena-L"), "arena too small: model needs"),
        (ModelImage("x", "own", b"nonsense"), "model: not a .tflite file"),
    ],
    ids=["hybrid LSTM", "arena", "no model"],
)
def test_a_model_that_cannot_run_is_named_and_refused(held: ModelImage, why: str) -> None:
    tested = Device(encode_model(held))
    assert tested.boot[-2:] == ["m-init-done", READY]
    assert tested.ask("model")[0] == f"m-model-name-[{held.name}]"
    for command in ("arena", "ops", "infer 1"):
        (line,) = tested.ask(command)
        assert line.startswith(f"e-[{why}")


@given(st.lists(st.integers(1, 40), max_size=12))
def test_commands_may_be_cut_anywhere(cuts: list[int]) -> None:
    text = b"name%pro file%\r\nprofile%db load 3%db 0102%db 03%db print%clock%"
    tested = device()
    tested.send(text)
    whole = tested.line.take()
    at = 0
    for cut in [*cuts, len(text)]:
        tested.send(text[at : at + cut])
        at += cut
    assert tested.line.take() == whole
    assert whole.count(READY) == text.count(b"%")


@settings(max_examples=150)
@given(
    st.lists(
        st.binary(max_size=30)
        | st.sampled_from([b"%", b"infer 2%", b"db load 3072%", b"db ", b"00" * 40, b"db print%"])
        | st.sampled_from([b"model%", b"ops%", b"results%", b"\xc0\x00\x08", b" " * 5000, b"\r\n"]),
        max_size=10,
    )
)
@example(
    [b"db load 3072%", b"db " + b"00" * 1536 + b"%", b"db " + b"00" * 1536 + b"%", b"infer 1%"]
)
@example([b"\xc0\x00\x08\x24\x00\x00\x00\x00\x00\x07\x07\x12\x20" + b"U" * 32 + b"\xc0"])
def test_whatever_is_sent_the_console_still_answers(pieces: list[bytes]) -> None:
    tested = device()
    for piece in pieces:
        tested.send(piece)
    tested.send(b"%name%")
    lines = tested.line.take()
    assert lines[-2:] == [f"m-name-dut-[{FIRMWARE}]", READY]
    sent = b"".join(pieces).count(b"%") + 2
    assert lines.count(READY) == sent
