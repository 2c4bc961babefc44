"""The core's console on a board of its own: any bytes, any cut, any end."""

import re
import zlib

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from bench.device.images import ModelImage
from tests.firmware.echo_board import (
    NAME,
    READY,
    Device,
    EchoBoard,
    PowerLostError,
    bin_command,
    echo,
    tensor,
)

pytestmark = pytest.mark.usefixtures("each_core")

pieces = st.lists(
    st.binary(max_size=40)
    | st.sampled_from([b"%", b"infer 2%", b"db load 16%", b"db ", b"00" * 8, b"db print%"])
    | st.sampled_from([b"model%", b"ops%", b"arena%", b"results%", b"help%", b"timestamp%"])
    | st.sampled_from([b"bin ", b"}", b" " * 5000, b"\r\n", b"\0", b"db load 65536%"])
    | st.binary(max_size=16).map(lambda data: bin_command(data) + b"%"),
    max_size=12,
).map(b"".join)


@given(pieces, st.lists(st.integers(1, 50), max_size=20))
def test_bytes_may_be_cut_anywhere(stream: bytes, cuts: list[int]) -> None:
    whole, cut = echo(), echo()
    whole.core.receive(stream)
    at = 0
    for length in [*cuts, len(stream)]:
        cut.core.receive(stream[at : at + length])
        at += length
    assert cut.board.said == whole.board.said


@settings(max_examples=300)
@given(pieces)
@example(b"bin 00000000 " + b"}" * 3000)
@example(b"x" * 4096 + b"%" + b"x" * 4097 + b"%")
def test_after_any_bytes_a_command_is_answered(stream: bytes) -> None:
    device = echo()
    device.core.receive(stream + b"%")
    lines = device.take()
    assert lines.count(READY) == stream.count(b"%") + 1
    assert all(line.isascii() and line.isprintable() for line in lines)
    assert device.ask("name") == [f"m-name-dut-[{NAME}]"]


@given(st.binary(min_size=1, max_size=2000))
@example(bytes(range(256)))
@example(b"%}" * 900)
def test_a_binary_load_brings_every_byte(data: bytes) -> None:
    device = echo()
    assert device.load(data) == ["m-load-done"]
    printed = "".join(line.removeprefix("m-buffer-") for line in device.ask("db print"))
    assert bytes.fromhex(printed) == data


@pytest.mark.parametrize(
    ("length", "why"),
    [
        (4096, "unknown command: 'nn"),
        (4097, "command longer than 4096"),
        (9000, "command longer than 4096"),
    ],
)
def test_a_command_has_at_most_4096_bytes(length: int, why: str) -> None:
    (answer,) = echo().ask(b"n" * length)
    assert answer.startswith(f"e-[{why}")


def test_text_and_binary_pieces_may_follow_each_other() -> None:
    device = echo()
    device.ask("db load 6")
    assert device.ask(bin_command(b"ab")) == []
    assert device.ask("db 6364") == []
    assert device.ask(bin_command(b"ef")) == ["m-load-done"]
    assert device.ask("db print") == ["m-buffer-616263646566"]


@given(st.binary(min_size=1, max_size=100), st.data())
def test_a_binary_load_that_is_cut_short_or_spoilt_is_refused_and_can_be_repeated(
    data: bytes, draw: st.DataObject
) -> None:
    device = echo()
    device.ask(f"db load {len(data)}")
    command = bytearray(bin_command(data))
    at = draw.draw(st.integers(len(b"bin 00000000 "), len(command) - 1))
    if draw.draw(st.booleans()):
        del command[at:]
    else:
        command[at] ^= draw.draw(st.sampled_from([0x01, 0x02, 0x40]))
    assume(b"%" not in command)  # that would be two commands
    (answer,) = device.ask(bytes(command))
    assert answer.startswith("e-[bin")
    assert device.ask("db print") == []
    assert device.ask(bin_command(data)) == ["m-load-done"]


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (b"bin", "bin wants: CRC-32 BYTES"),
        (b"bin 123 x", "bin wants"),
        (b"bin 0000000g x", "bin wants"),
        (b"bin 00000000 ", "bin wants"),
        (b"bin 00000000 x}", "bin: ends in an escape"),
        (b"bin 00000000 x", f"bin: CRC-32 of 1 bytes is {zlib.crc32(b'x'):08x}, wanted 00000000"),
        (bin_command(b"123"), "bin: more than the 2 bytes expected"),
        (b"db load 65537", "db wants: load N, N from 1 to 65536"),
    ],
)
def test_a_load_that_cannot_be_taken_says_why(command: bytes, why: str) -> None:
    device = echo()
    device.ask("db load 2")
    (answer,) = device.ask(command)
    assert answer.startswith(f"e-[{why}")


def test_the_measured_run_keeps_the_order_that_makes_it_quiet() -> None:
    device = echo()
    device.load(bytes(16))
    device.board.calls.clear()
    lines = device.ask("infer 20 3")
    settling = ["invoke 1"] * 7  # of 1.5 ms each: the first count that is longer than 10 ms
    assert device.board.calls == [
        *("write", "invoke 3", "write", "drain", *settling),
        *("rise", "timestamp", "invoke 20", "fall", "timestamp", "wait", "write"),
    ]
    begin, end = (int(line.removeprefix("m-lap-us-")) for line in lines[3:5])
    assert end - begin == 20 * 1500


@pytest.mark.parametrize(("succeed", "marked"), [(0, False), (3, False), (8, True)])
def test_an_inference_that_is_refused_ends_the_run_with_the_marker_low(
    succeed: int, marked: bool
) -> None:
    device = echo()
    device.load(bytes(16))
    device.board.refuses = {"invoke": succeed}
    assert device.ask("infer 20 3")[-1] == "e-[invoke refused]"
    assert (device.board.calls.count("rise"), device.board.calls.count("fall")) == (marked, marked)
    assert device.ask("results") == ["m-results-[]"]


@pytest.mark.parametrize("call", ["load", "profile"])
def test_what_the_runtime_refuses_is_said(call: str) -> None:
    board = EchoBoard(tensor("float32", 4), tensor("float32", 4), refuses={call: 0})
    device = Device(board, ModelImage(NAME, "L", b"model"))
    assert device.ask("ops") == [f"e-[{call} refused]"]
    assert device.ask("model")[0] == f"m-model-name-[{NAME}]"


UNREADY = ["arena", "ops", "infer 1", "live 1", "results"]


@pytest.mark.parametrize("partition", [b"", b"\xff" * 4096, b"HARM"])
def test_without_a_model_the_runtime_is_asked_nothing(partition: bytes) -> None:
    board = EchoBoard(tensor("float32", 4), tensor("float32", 4))
    device = Device(board, partition)
    (why,) = device.ask("model")
    device.load(bytes(16))
    assert [device.ask(command) for command in UNREADY] == [[why]] * 4 + [["m-results-[]"]]
    assert set(board.calls) == {"write"}


def test_of_a_model_that_does_not_load_the_runtime_is_asked_nothing() -> None:
    board = EchoBoard(tensor("float32", 4), tensor("float32", 4), refuses={"load": 0})
    device = Device(board, ModelImage(NAME, "L", b"model"))
    device.load(bytes(16))
    answers = [device.ask(command) for command in UNREADY]
    assert answers == [["e-[load refused]"]] * 4 + [["m-results-[]"]]


ARGUMENTS = st.one_of(
    st.sampled_from(["0", "-1", "00", "+1", "1.0", "1e3", "0x10", "4294967296", "9" * 30, "\0"]),
    st.sampled_from(["load", "print", "outputs", "load 0", "load -1", "load 65537", "load", "é"]),
    st.text(max_size=12),
)


@given(
    st.sampled_from([*UNREADY, "db", "bin", "name", "profile", "model", "clock", "help", "live"]),
    st.lists(ARGUMENTS, max_size=5),
)
def test_any_arguments_are_answered_or_refused_and_change_nothing(
    command: str, arguments: list[str]
) -> None:
    device = echo()
    device.load(bytes(16))
    text = " ".join([command.split()[0], *arguments]).replace("%", "")
    assume(not re.fullmatch(r"(infer|live)\s+\d+(\s+\d+)?\s*", text))  # that may be right
    lines = device.ask(text.encode(errors="surrogatepass"))
    assert all(line.isascii() and line.isprintable() for line in lines)
    assert sum(line.startswith("e-[") for line in lines) <= 1
    if command.split()[0] in ("infer", "live", "bin"):
        assert [line[:3] for line in lines] == ["e-["]
    assert "rise" not in device.board.calls
    assert device.ask("name") == [f"m-name-dut-[{NAME}]"]


def session(board: EchoBoard) -> Device:
    device = Device(board, ModelImage(NAME, "L", b"model"))
    device.load(bytes(16))
    device.core.receive(b"infer 5 2%ops%db print%name%")
    return device


def test_the_end_of_a_boot_ends_the_core_at_once_wherever_it_is() -> None:
    whole = EchoBoard(tensor("float32", 4), tensor("float32", 4))
    session(whole)
    for end in range(len(whole.calls)):
        board = EchoBoard(tensor("float32", 4), tensor("float32", 4), ends=end)
        with pytest.raises(PowerLostError):
            session(board)
        assert board.calls == whole.calls[:end]  # and none behind it


def test_a_core_may_be_stopped_by_its_own_board() -> None:
    class Stopping(EchoBoard):
        device: Device | None = None

        def drain(self) -> None:
            assert self.device is not None
            self.device.core.stop()
            raise PowerLostError

    board = Stopping(tensor("float32", 4), tensor("float32", 4))
    board.device = device = Device(board, ModelImage(NAME, "L", b"model"))
    device.load(bytes(16))
    with pytest.raises(PowerLostError):
        device.core.receive(b"infer 5%name%")
    device.take()
    device.core.receive(b"name%")  # of no effect: it is gone
    assert device.take() == []


def test_two_cores_know_nothing_of_each_other() -> None:
    one, other = echo(), echo("int8", 2)
    one.load(bytes(16))
    one.core.receive(b"na")
    assert other.ask("name") == [f"m-name-dut-[{NAME}]"]
    assert other.ask("db print") == []
    assert one.ask("me") == [f"m-name-dut-[{NAME}]"]
