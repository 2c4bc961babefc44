"""Live mode, from the firmware's own driver of the sensor to its console, on the simulated chip."""

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.device.images import (
    MODEL_PARTITION_OFFSET,
    ModelImage,
    Standardisation,
    encode_model,
)
from bench.twin import runtime
from bench.twin.core.application import CoreApplication
from bench.twin.cost_model import OperatorCost, Settings
from bench.twin.esp32.chip import Esp32
from bench.twin.esp32.flash import Flash
from bench.twin.lab import firmware_parts
from bench.twin.runtime import Runtime
from bench.twin.sensor import AT_REST, Stream
from bench.twin.world import Pace, World
from models.runtimes import run_litert
from models.stream import BREAK, STEP, physical
from tests.firmware.echo_board import Device as Echo
from tests.firmware.echo_board import EchoBoard, tensor

pytestmark = pytest.mark.usefixtures("each_application")

DATA = Path(__file__).parents[1] / "data"
MEAN, SCALE = (0.8, 0.0, 0.1, 0.0, 0.1, 0.2), (0.5, 0.25, 0.5, 2.0, 1.5, 1.0)
DUE = 0.02


@dataclass
class Heard:
    """What came over the cable and when, in simulated s."""

    world: World
    rate: int = 115200

    def __post_init__(self) -> None:
        self.pieces: list[tuple[float, bytes]] = []
        self.arrived = threading.Condition()

    def send(self, data: bytes) -> None:
        with self.arrived:
            self.pieces.append((self.world.now, data))
            self.arrived.notify_all()

    @property
    def text(self) -> str:
        return b"".join(data for _, data in self.pieces).decode()

    def wait_for(self, text: str) -> None:
        with self.arrived:
            assert self.arrived.wait_for(lambda: text in self.text, timeout=60.0)


class Device:
    """A chip with the firmware, a model, and a stream for its sensor."""

    def __init__(
        self,
        stream: Stream,
        latency: float | None = None,
        pace: Pace = "virtual",
        standardisation: Standardisation | None = Standardisation(MEAN, SCALE),  # noqa: B008
    ) -> None:
        def load(content: bytes, address: int, settings: Settings) -> Runtime:
            loaded = runtime.load(content, address, settings)
            if latency is None:
                return loaded
            cost = OperatorCost("SLOW", 0, latency, 0.0, settings.current("active"))
            return replace(loaded, costs=(cost,))

        flash = Flash()
        model = ModelImage("tiny", "F", (DATA / "tiny-F.tflite").read_bytes(), standardisation)
        for offset, data in firmware_parts().items():
            flash.program(offset, data)
        flash.program(MODEL_PARTITION_OFFSET, encode_model(model))
        self.world = World(pace=pace)
        self.heard = Heard(self.world)
        self.chip = Esp32(
            self.world, lambda host: CoreApplication(host, Settings(), load, stream), flash=flash
        )
        self.chip.connect(self.heard)
        self.world.connect(3.3)
        self.heard.pieces.clear()

    def ask(self, command: str) -> list[str]:
        """The lines of an answer, without ``m-ready``."""
        self.heard.pieces.clear()
        self.chip.receive(f"{command}%".encode())
        *lines, last = self.heard.text.splitlines()
        assert last == "m-ready"
        return lines


def recorded(lengths: Sequence[int], seed: int = 0) -> Stream:
    """Random recordings of so many samples each, with a silence between two of them."""
    count = sum(lengths)
    samples = np.random.default_rng(seed).integers(-9000, 9000, (count, 6)).astype(np.int16)
    steps = np.ones(count, dtype=np.int64)
    steps[np.cumsum([0, *lengths[:-1]])] = BREAK + 1
    steps[0] = 0
    periods = steps.cumsum()
    return Stream(samples, periods, int(periods[-1]) + BREAK)


def counted(lines: list[str], what: str) -> int:
    (found,) = (line for line in lines if line.startswith(f"m-live-{what}-"))
    return int(found.removeprefix(f"m-live-{what}-"))


def windows(lines: list[str]) -> list[tuple[int, int, list[float]]]:
    """Index, class and outputs of each window."""
    matches = [re.fullmatch(r"m-live-window-(\d+)-class-(\d)-\[(.*)\]", line) for line in lines]
    return [(int(m[1]), int(m[2]), [float(v) for v in m[3].split(",")]) for m in matches if m]


def offline(samples: NDArray[np.int16]) -> NDArray[np.int8]:
    """The same model's outputs for each window of a recording, as the evaluation computes them."""
    starts = range(0, len(samples) - STEP, STEP)
    cut = np.stack([physical(samples[start : start + 128]) for start in starts])
    mean, scale = (np.array(values, dtype=np.float32) for values in (MEAN, SCALE))
    standardised: NDArray[np.float32] = (cut - mean) / scale
    outputs: NDArray[np.int8] = run_litert((DATA / "tiny-F.tflite").read_bytes(), standardised)
    return outputs


def test_predictions_are_the_offline_ones_on_the_same_stream() -> None:
    stream = recorded([320, 192])
    lines = Device(stream).ask("live 6 outputs")
    found = windows(lines)
    expected = np.concatenate([offline(stream.samples[:320]), offline(stream.samples[320:])])
    assert [index for index, _, _ in found] == [1, 2, 3, 4, 5, 6]
    stored = np.array([outputs for _, _, outputs in found]) * 256.0 - 128.0
    np.testing.assert_allclose(stored, expected, atol=1.0)
    assert [predicted for _, predicted, _ in found] == expected.argmax(axis=1).tolist()


def test_without_outputs_each_line_has_the_class_alone() -> None:
    device = Device(recorded([320]))
    with_outputs = windows(device.ask("live 4 outputs"))
    lines = [line for line in device.ask("live 4") if line.startswith("m-live-window-")]
    assert lines == [f"m-live-window-{i}-class-{predicted}" for i, predicted, _ in with_outputs]


def test_no_sample_is_lost_and_each_silence_is_one_gap() -> None:
    lines = Device(recorded([320, 192, 128])).ask("live 7")
    assert counted(lines, "samples") == 640
    assert counted(lines, "gaps") == 2
    assert counted(lines, "lost") == 0
    assert counted(lines, "windows") == 7
    assert lines[-1] == "m-live-done"


@pytest.mark.parametrize("latency", [0.019, 0.5, 1.25])
def test_samples_wait_in_the_fifo_while_the_device_infers(latency: float) -> None:
    lines = Device(recorded([320, 256]), latency).ask("live 7")
    assert counted(lines, "samples") == 576
    assert counted(lines, "gaps") == 1
    assert counted(lines, "lost") == 0


def test_a_model_that_cannot_keep_up_loses_samples_and_says_so() -> None:
    lines = Device(AT_REST, latency=2.0).ask("live 4")
    assert counted(lines, "windows") == 4
    assert counted(lines, "lost") > 3 * (100 - 85)
    assert counted(lines, "gaps") >= 3


def test_nothing_is_printed_but_after_a_window_and_within_a_samples_time() -> None:
    device = Device(recorded([320]))
    device.ask("live 4 outputs")
    told = [(at, data) for at, data in device.heard.pieces if b"-class-" in data]
    begin = next(at for at, data in device.heard.pieces if b"m-live-idle" in data)
    assert len(told) == 4
    for index, (at, data) in enumerate(told):
        due = begin + (128 + 64 * index) * DUE
        assert due < at < due + DUE + 0.15  # the sensor's reset takes 0.1 s
        assert len(data) * 10 / 115200 < DUE


def test_the_marker_is_high_during_each_inference_alone() -> None:
    device = Device(recorded([256]), latency=0.3)
    device.ask("live 3")
    history = device.world.history
    high = [
        history.start[i + 1] - history.start[i]
        for i in range(len(history.start) - 1)
        if history.marker[i] and history.start[i + 1] > history.start[i]
    ]
    assert len(device.world.rises) == 3
    assert sum(high) == pytest.approx(0.9, abs=1e-3)


def test_between_samples_the_chip_sleeps() -> None:
    device = Device(AT_REST)
    device.ask("live 2")
    history, settings = device.world.history, Settings()
    first, second = (rise.time for rise in device.world.rises)
    spent = dict.fromkeys((settings.sleep_amps, settings.idle_amps), 0.0)
    for index in range(len(history.start) - 1):
        if first < history.start[index] < second and history.load[index] in spent:
            spent[history.load[index]] += history.start[index + 1] - history.start[index]
    assert second - first == pytest.approx(64 * DUE, abs=1e-3)
    assert spent[settings.sleep_amps] > 0.93 * (second - first)
    assert spent[settings.idle_amps] > 0.01 * (second - first)


def test_each_live_begins_the_stream_anew() -> None:
    device = Device(recorded([192]))
    assert windows(device.ask("live 2 outputs")) == windows(device.ask("live 2 outputs"))


def test_results_are_those_of_the_last_window() -> None:
    device = Device(recorded([192]))
    (*_, last) = windows(device.ask("live 2 outputs"))
    (line,) = device.ask("results")
    assert [float(v) for v in line.removeprefix("m-results-[").rstrip("]").split(",")] == last[2]


def test_any_byte_on_the_console_ends_it() -> None:
    device = Device(AT_REST, pace="wall")
    working = threading.Thread(target=device.chip.receive, args=(b"live 1000%",))
    working.start()
    device.heard.wait_for("m-live-idle")
    device.chip.receive(b"x")
    device.heard.wait_for("m-ready")
    working.join()
    lines = device.heard.text.splitlines()
    assert lines[-2:] == ["m-live-done", "m-ready"]
    assert counted(lines, "windows") == 0
    assert device.ask("name")[0].startswith("m-name-dut")  # the byte itself is no command's


def test_a_reset_ends_it() -> None:
    device = Device(AT_REST, pace="wall")
    working = threading.Thread(target=device.chip.receive, args=(b"live 1000%",))
    working.start()
    device.heard.wait_for("m-live-idle")
    device.chip.lines(False, True)
    device.chip.lines(False, False)
    working.join()
    device.heard.wait_for("m-init-done")


def test_a_sensor_that_stops_is_an_error_that_tells_how_far_it_went() -> None:
    endless = 10**9
    stream = recorded([200])
    lines = Device(Stream(stream.samples, stream.periods, endless)).ask("live 5")
    assert counted(lines, "samples") == 200
    assert counted(lines, "windows") == 2
    assert lines[-1].startswith("e-[live: the sensor gives no samples any more")


@pytest.mark.parametrize(
    "arguments", ["", " 0", " 2 3", " x", " 1000001", " -1", " outputs", " 2 outputs 2"]
)
def test_wrong_arguments_are_refused(arguments: str) -> None:
    (line,) = Device(AT_REST).ask(f"live{arguments}")
    assert line == "e-[live wants: N [outputs], N windows from 1 to 1000000]"


def test_a_model_that_takes_something_else_is_refused() -> None:
    (line,) = Device(AT_REST, standardisation=None).ask("live 2")
    assert "does not take windows of 128 samples" in line


def test_a_device_without_the_sensor_says_what_to_look_at() -> None:
    values = tensor("float32", 1, 128, 6)
    model = ModelImage("echo", "L", b"model", Standardisation((0.0,) * 6, (1.0,) * 6))
    lines = Echo(EchoBoard(values, values), model).ask("live 2")
    assert lines[-1] == "e-[what answers on the I2C bus is no MPU-6050: WHO_AM_I is not 0x68]"
    assert not any("window" in line for line in lines)
