"""The client of the device's console against devices that answer, refuse, babble or keep silent.

The port is one in simulated time: a byte takes its time on the line, and a read that gets nothing
its time-out, so the limits of the client can be asked for exactly and nothing waits.
"""

import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import repeat
from types import SimpleNamespace
from typing import cast

import pytest
import serial
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bench.device.console import DeviceConsole, Inference, ModelReport
from bench.device.errors import (
    BrownOutError,
    CommandRefusedError,
    ConsoleGarbageError,
    DeviceResetError,
    DeviceSilentError,
    PortError,
)
from bench.device.line_port import LinePort
from bench.device.live import LiveWindow, run_live
from bench.errors import DeviceError

BYTE = 10 / 115200
LIMIT = 2.0
SLACK = 0.2
"""s; a read that was begun before the limit ends after it."""


class Port:
    """A serial port with a device at its far end, in simulated time.

    `replies` answers a command (without its ``%``) with bytes; the device goes on with `stream`
    when it has said all.
    """

    def __init__(
        self, replies: Callable[[bytes], bytes], stream: Iterable[bytes] = (), said: bytes = b""
    ) -> None:
        self.now, self.timeout, self.write_timeout = 0.0, 0.0, 0.0
        self.commands: list[bytes] = []
        self.lost: Exception | None = None
        self._replies, self._stream, self._waiting = replies, iter(stream), said
        self._command = b""

    @property
    def in_waiting(self) -> int:
        return len(self._waiting)

    def write(self, data: bytes) -> int:
        self._raise()
        *complete, self._command = (self._command + data).split(b"%")
        for command in complete:
            self.commands.append(command)
            self._waiting += self._replies(command)
        return len(data)

    def read(self, size: int = 1) -> bytes:
        self._raise()
        self._waiting = self._waiting or next(self._stream, b"")
        data, self._waiting = self._waiting[:size], self._waiting[size:]
        self.now += len(data) * BYTE if data else self.timeout
        return data

    def reset_input_buffer(self) -> None:
        self._raise()
        self._waiting = b""

    def _raise(self) -> None:
        if self.lost is not None:
            raise self.lost


@pytest.fixture(scope="module", autouse=True)
def _simulated_clock() -> Iterator[None]:
    """The client's clock is that of the port on which the last console was made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bench.device.line_port.time", CLOCK)
        yield


CLOCK = SimpleNamespace()


def console_on(port: Port) -> DeviceConsole:
    CLOCK.monotonic = lambda: port.now
    return DeviceConsole(LinePort(cast(serial.Serial, port), LIMIT), LIMIT)


def answering(*lines: str) -> Port:
    """A device that gives one answer to everything."""
    return Port(lambda _: "".join(f"{line}\r\n" for line in (*lines, "m-ready")).encode())


def silent(_command: bytes) -> bytes:
    return b""


def test_values_are_read_from_their_lines() -> None:
    device = console_on(
        answering(
            "m-name-dut-[har-energy-bench]",
            "m-profile-[har 1.2]",
            "m-model-name-[C_5 [v2]]",
            "m-model-technique-[D]",
            "m-model-bytes-70656",
            "m-model-crc-0badf00d",
            "m-arena-used-9000",
            "m-arena-size-163840",
            "m-clock-hz-160000000",
            "m-op-[CONV_2D]-us-12.5",
            "m-op-[SOFTMAX]-us-3",
        )
    )
    assert device.name() == "har-energy-bench"
    assert device.profile() == "har 1.2"
    assert device.model() == ModelReport("C_5 [v2]", "D", 70656, 0x0BADF00D)
    assert device.arena() == (9000, 163840)
    assert device.clock_hz() == 160_000_000
    assert dict(device.operator_times()) == pytest.approx({"CONV_2D": 12.5e-6, "SOFTMAX": 3e-6})


def unescaped(payload: bytes) -> bytes:
    return re.sub(b"}(.)", lambda found: bytes([found[1][0] ^ 0x20]), payload, flags=re.DOTALL)


@given(st.binary(min_size=1, max_size=5000))
@example(b"%}" * 3000)
def test_input_is_sent_in_commands_with_a_checksum(data: bytes) -> None:
    received = bytearray()

    def replies(command: bytes) -> bytes:
        if command == f"db load {len(data)}".encode():
            return b"m-[Expecting]\r\nm-ready\r\n"
        assert len(command) <= 4096
        name, crc, payload = command.split(b" ", 2)
        piece = unescaped(payload)
        assert (name, int(crc, 16)) == (b"bin", zlib.crc32(piece))
        received.extend(piece)
        return b"m-load-done\r\nm-ready\r\n" if len(received) == len(data) else b"m-ready\r\n"

    console_on(Port(replies)).load(data)
    assert received == data


@pytest.mark.parametrize("data", [b"", b"12"])
def test_input_that_is_not_acknowledged_is_an_error(data: bytes) -> None:
    with pytest.raises(ConsoleGarbageError, match=rf"after {len(data)} bytes.*wanted m-load-done"):
        console_on(answering("m-[Expecting]")).load(data)


def test_a_measured_run_has_two_time_stamps_and_results() -> None:
    port = answering("m-lap-us-1000", "m-lap-us-21000", "m-results-[0.25,-1e-3,nan]")
    inference = console_on(port).infer(10, 3, LIMIT)
    assert port.commands == [b"infer 10 3"]
    assert inference.seconds == pytest.approx(20e-3)
    assert inference.latency == pytest.approx(2e-3)
    assert inference.outputs[:2] == (0.25, -1e-3)
    assert Inference(4, 2.0, ()).latency == 0.5


@pytest.mark.parametrize(
    "lines",
    [
        ["m-results-[1]"],
        ["m-lap-us-5", "m-results-[1]"],
        ["m-lap-us-5", "m-lap-us-5", "m-results-[1]"],
        ["m-lap-us-9", "m-lap-us-5", "m-results-[1]"],
        ["m-lap-us-1", "m-lap-us-2", "m-lap-us-3", "m-results-[1]"],
        ["m-lap-us-1", "m-lap-us-2"],
        ["m-lap-us-1", "m-lap-us-2", "m-results-[]"],
        ["m-lap-us-1", "m-lap-us-2", "m-results-[0.1,zero]"],
    ],
)
def test_a_measured_run_that_makes_no_sense_is_an_error(lines: list[str]) -> None:
    with pytest.raises(ConsoleGarbageError):
        console_on(answering(*lines)).infer(1, 0, LIMIT)


def test_a_refusal_carries_the_devices_reason() -> None:
    with pytest.raises(
        CommandRefusedError, match=r"refused 'arena': arena too small: needs 9 bytes"
    ):
        console_on(answering("e-[arena too small: needs 9 bytes]")).arena()


def test_an_answer_without_the_value_shows_what_was_seen() -> None:
    with pytest.raises(
        ConsoleGarbageError, match=r"answer \['hello'\] has no line like m-name-dut"
    ):
        console_on(answering("hello")).name()


def test_silence_is_an_error_at_the_limit() -> None:
    port = Port(silent)
    with pytest.raises(DeviceSilentError, match=r"no m-ready within 2 s of 'name' .seen: nothing"):
        console_on(port).name()
    assert LIMIT <= port.now <= LIMIT + SLACK


def test_an_answer_without_its_end_shows_what_was_seen() -> None:
    with pytest.raises(DeviceSilentError, match=r"seen: m-name-dut-.x. / and more"):
        console_on(Port(lambda _: b"m-name-dut-[x]\r\nand more\r\nm-rea")).name()


@pytest.mark.parametrize("piece", [b"\0", b"x", b"noise\r\n", b"\n", b"m-ready", b"\xff\xfe"])
def test_a_device_that_never_stops_talking_is_an_error_within_the_limit(piece: bytes) -> None:
    port = Port(silent, repeat(piece))
    with pytest.raises(DeviceError):
        console_on(port).command("name")
    assert port.now <= LIMIT + SLACK
    booting = Port(silent, repeat(piece))
    with pytest.raises(DeviceError):
        console_on(booting).wait_until_booted(LIMIT)
    assert booting.now <= LIMIT + SLACK


def test_a_line_without_end_is_garbage_long_before_the_limit() -> None:
    port = Port(silent, repeat(b"U"))
    with pytest.raises(ConsoleGarbageError, match=r"4097 bytes without a line end.*baud rate"):
        console_on(port).name()
    assert port.now < LIMIT


garbage = st.lists(
    st.binary(max_size=40)
    | st.sampled_from([b"m-ready\r\n", b"m-ready\n", b"e-[", b"]\r\n", b"m-lap-us-1\r\n", b"\r\n"])
    | st.sampled_from([b"m-results-[", b"m-model-crc-", b"m-arena-used-9", b"m-init-done\r\n"]),
    max_size=12,
).map(b"".join)
questions: list[Callable[[DeviceConsole], object]] = [
    DeviceConsole.name,
    DeviceConsole.model,
    DeviceConsole.arena,
    DeviceConsole.clock_hz,
    DeviceConsole.operator_times,
    lambda console: console.load(b"0123456789" * 5),
    lambda console: console.infer(3, 1, LIMIT),
    lambda console: console.wait_until_booted(LIMIT),
]


@settings(max_examples=300)
@given(st.lists(garbage, min_size=1, max_size=4), st.sampled_from(questions))
@example([b"m-model-crc-00000000\r\n" + b"9" * 5000 + b"\r\n"], DeviceConsole.model)
@example([b"m-clock-hz-" + b"9" * 4000 + b"\r\nm-ready\r\n"], DeviceConsole.clock_hz)
def test_garbage_is_a_device_error_within_the_limit_or_an_answer(
    answers: list[bytes], question: Callable[[DeviceConsole], object]
) -> None:
    port = Port(lambda _: answers.pop(0) if answers else b"", said=answers[0])
    try:
        question(console_on(port))
    except DeviceError as error:
        assert str(error)  # noqa: PT017  # an answer is as good
    assert port.now <= (len(port.commands) + 1) * (LIMIT + SLACK)


def test_a_boot_is_waited_for_behind_the_roms_text() -> None:
    rom = b"ets Jul 29 2019\r\n\xff\x80 loud\r\nm-ready\r\nm-init-done\r\nm-ready\r\nlater"
    port = Port(silent, said=rom)
    console_on(port).wait_until_booted(LIMIT)
    with pytest.raises(DeviceSilentError, match=r"last seen: ets"):
        console_on(Port(silent, said=b"ets Jul\r\n")).wait_until_booted(LIMIT)


def test_what_was_said_before_can_be_forgotten() -> None:
    port = Port(lambda _: b"m-name-dut-[new]\r\nm-ready\r\n", said=b"m-init-done\r\nm-ready\r\nold")
    console = console_on(port)
    console.wait_until_booted(LIMIT)
    console.discard_input()
    assert console.name() == "new"


@pytest.mark.parametrize("error", [serial.SerialException("gone"), OSError(5, "gone")])
def test_a_port_that_is_lost_is_an_error(error: Exception) -> None:
    port = Port(silent)
    console = console_on(port)
    port.lost = error
    with pytest.raises(PortError, match=r"serial port lost while sending 'name': .*gone"):
        console.name()
    with pytest.raises(PortError, match=r"serial port lost: .*gone"):
        console.wait_until_booted(LIMIT)
    with pytest.raises(PortError, match=r"serial port lost: .*gone"):
        console.discard_input()


def test_a_device_that_does_not_take_bytes_is_silent() -> None:
    port = Port(silent)
    console = console_on(port)
    port.lost = serial.SerialTimeoutException("Write timeout")
    with pytest.raises(DeviceSilentError, match=r"does not take 'name'"):
        console.name()


def test_a_port_that_is_not_there_is_an_error() -> None:
    with pytest.raises(PortError, match=r"serial port /dev/nowhere: .*check the cable"):
        DeviceConsole.open("/dev/nowhere", 115200, LIMIT)
    with pytest.raises(PortError, match=r"serial port what://"):
        DeviceConsole.open("what://", 115200, LIMIT)


def test_a_port_is_opened_without_touching_the_reset_lines() -> None:
    with closing(LinePort.open("loop://", 9600, LIMIT)) as lines:
        port = lines._port
        assert (port.dtr, port.rts, port.baudrate) == (False, False, 9600)
    assert not port.is_open


LIVE = (
    "m-live-start-2",
    "m-live-idle-[light sleep, sensor on]",
    "m-live-window-1-class-4-[0.25,0.75]",
    "m-live-window-2-class-0-[1,0]",
    "m-live-samples-192",
    "m-live-gaps-1",
    "m-live-lost-3",
    "m-live-windows-2",
    "m-live-done",
)


def test_a_live_session_is_read_window_by_window() -> None:
    port = answering(*LIVE)
    found = run_live(console_on(port), 2, LIMIT, outputs=True)
    assert port.commands == [b"live 2 outputs"]
    assert found.idle == "light sleep, sensor on"
    assert found.windows == (LiveWindow(4, (0.25, 0.75)), LiveWindow(0, (1.0, 0.0)))
    assert (found.samples, found.gaps, found.lost) == (192, 1, 3)


def test_a_live_session_without_outputs_has_the_classes() -> None:
    port = answering(*(line.partition("-[0")[0].partition("-[1")[0] for line in LIVE))
    found = run_live(console_on(port), 2, LIMIT, outputs=False)
    assert port.commands == [b"live 2"]
    assert found.windows == (LiveWindow(4, ()), LiveWindow(0, ()))


def test_a_live_session_may_last_as_long_as_its_windows() -> None:
    port = Port(silent)
    with pytest.raises(DeviceSilentError):
        run_live(console_on(port), 5, LIMIT, outputs=False)
    assert 5 * 2.56 < port.now <= 2 * 5 * 2.56 + LIMIT + SLACK


@pytest.mark.parametrize("missing", range(1, 7))
def test_a_live_session_that_misses_a_line_is_none(missing: int) -> None:
    lines = [line for index, line in enumerate(LIVE) if index != missing]
    with pytest.raises(ConsoleGarbageError, match="live"):
        run_live(console_on(answering(*lines)), 2, LIMIT, outputs=True)


def test_a_device_without_a_sensor_refuses() -> None:
    port = answering("m-live-start-2", "e-[no MPU-6050 answers on the I2C bus]")
    with pytest.raises(CommandRefusedError, match="no MPU-6050 answers"):
        run_live(console_on(port), 2, LIMIT, outputs=True)


@pytest.mark.parametrize(
    ("line", "kind", "cause"),
    [
        ("rst:0xf (RTCWDT_BROWN_OUT_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)", BrownOutError, "OUT"),
        ("Brownout detector was triggered", BrownOutError, "Brownout"),
        ("rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)", DeviceResetError, "POWERON"),
        (
            "Guru Meditation Error: Core  0 panic'ed (LoadProhibited). Exception was unhandled.",
            DeviceResetError,
            "LoadProhibited",
        ),
    ],
)
def test_a_restart_instead_of_an_answer_is_named_by_its_cause(
    line: str, kind: type[DeviceError], cause: str
) -> None:
    device = console_on(answering("m-warmup-done", "ets Jul 29 2019 12:21:46", line, "m-init-done"))
    with pytest.raises(DeviceError, match=rf"restarted in 'infer 10 2' \(.*{cause}") as caught:
        device.infer(10, 2, LIMIT)
    assert type(caught.value) is kind


def test_a_boot_that_browns_out_again_and_again_is_named() -> None:
    loop = b"rst:0xf (RTCWDT_BROWN_OUT_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n"
    device = console_on(Port(silent, stream=repeat(loop)))
    with pytest.raises(BrownOutError, match="restarted in 'boot'"):
        device.wait_until_booted(LIMIT)


def test_a_first_boot_tells_of_a_reset_too() -> None:
    said = b"rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\nm-init-done\r\nm-ready\r\n"
    console_on(Port(silent, said=said)).wait_until_booted(LIMIT)


@pytest.mark.parametrize(
    ("said", "alive"),
    [(b"", False), (b"m-name", True), (b"m-ready\r\n", True), (b"\xff" * 5000, True)],
)
def test_whoever_says_anything_is_alive(said: bytes, alive: bool) -> None:
    port = Port(lambda _: said, said=b"what was said before it was asked")
    device = console_on(port)
    assert device.is_alive(0.5) is alive
    assert port.commands == [b"name"]
    assert port.now <= 0.5 + SLACK
