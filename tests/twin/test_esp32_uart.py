import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.twin.esp32 import uart

RATES = st.integers(300, 5_000_000)


@given(RATES, st.lists(st.integers(1, 5000), min_size=1, max_size=30))
def test_the_time_of_a_stream_does_not_depend_on_its_cuts(rate: int, parts: list[int]) -> None:
    now = 0.0
    for part in parts:
        now += part * uart.byte_time(rate)
    assert now == sum(parts) * uart.byte_time(rate)


def test_a_byte_takes_ten_bits() -> None:
    assert uart.byte_time(115200) == pytest.approx(86.8055e-6, rel=1e-5)


@given(st.binary(max_size=50), RATES)
def test_one_rate_at_both_ends_is_understood(data: bytes, rate: int) -> None:
    assert uart.heard(data, rate, rate) == data
    assert uart.heard(data, rate, round(rate * 1.02)) == data


@given(st.binary(max_size=30), st.integers(1000, 10_000), st.integers(1000, 10_000))
def test_any_pair_of_rates_gives_some_bytes(data: bytes, sent: int, received: int) -> None:
    limit = len(data) * max(1, 10 * received // sent + 1)
    assert len(uart.heard(data, sent, received)) <= limit


def test_a_slower_receiver_hears_something_else() -> None:
    text = b"m-init-done\r\nm-ready\r\n"
    slower = uart.heard(text, 115200, 9600)
    assert slower
    assert not set(slower) & set(b"minitdone")
    assert uart.heard(text, 115200, 100_000) != text


def test_a_pulse_shorter_than_half_a_bit_is_no_byte() -> None:
    # Of 0xFF only the start bit is low, an eighth of a slow bit; of 0x00 nine eighths are.
    assert uart.heard(b"\xff", 8 * 9600, 9600) == b""
    assert uart.heard(b"\x00", 8 * 9600, 9600) == b"\xff"


def test_a_receiver_that_is_much_faster_hears_nothing() -> None:
    # Each start bit is longer than the receiver's whole byte: its stop bit is never high.
    assert uart.heard(b"\x55" * 5, 300, 921_600) == b""
