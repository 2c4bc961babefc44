"""SCPI as the twin's instruments hear it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.twin import scpi
from bench.twin.scpi import QUEUE_LENGTH, Command, Interpreter, ScpiError


class Echo:
    """Says which command was called, with what."""

    def __init__(self, *headers: str) -> None:
        self.interpreter = Interpreter(
            Command.of(header, self._named(header)) for header in headers
        )

    def _named(self, header: str) -> scpi.Handler:
        return lambda channel, parameter: f"{header}({channel}{parameter})"

    def __call__(self, message: str) -> str | None:
        return self.interpreter.carry_out(message)


@pytest.fixture
def echo() -> Echo:
    return Echo("*IDN?", "SOURce:#:VOLTage", "SOURce:#:CURRent[:LIMit]", "SOURce:#:CURRent?")


@pytest.mark.parametrize(
    ("message", "reply"),
    [
        ("*IDN?", "*IDN?()"),
        ("*idn?", "*IDN?()"),
        (":SOUR:A:VOLT 3.3", "SOURce:#:VOLTage(A3.3)"),
        ("source:b:voltage\t3.3 ", "SOURce:#:VOLTage(B3.3)"),
        (":SOUR:A:CURR 1", "SOURce:#:CURRent[:LIMit](A1)"),
        (":SOUR:A:CURR:LIM 1", "SOURce:#:CURRent[:LIMit](A1)"),
        (":SOUR:A:CURR?", "SOURce:#:CURRent?(A)"),
        (":SOUR:A:VOLT 3;CURR 1", "SOURce:#:VOLTage(A3);SOURce:#:CURRent[:LIMit](A1)"),
        (":SOUR:A:VOLT 3;*IDN?;CURR 1", None),
        ("", None),
        (" ; ;", None),
    ],
)
def test_messages_are_understood_in_every_form(echo: Echo, message: str, reply: str | None) -> None:
    answer = echo(message)
    if reply is not None:
        assert answer == reply
    assert not echo.interpreter.has_errors


@pytest.mark.parametrize(
    "message",
    ["SOURC:A:VOLT 1", ":SOUR:C:VOLT 1", ":SOUR:A:VOLTS 1", ":SOUR:A", "VOLT 1", "\x00", "µ"],
)
def test_what_is_no_header_goes_to_the_error_queue(echo: Echo, message: str) -> None:
    assert echo(message) is None
    error = echo.interpreter.next_error()
    assert error is not None
    assert error.code == -113
    assert echo.interpreter.event_status & 0x20
    assert echo.interpreter.next_error() is None


def test_one_bad_unit_does_not_stop_the_others(echo: Echo) -> None:
    assert echo(":NONE;*IDN?") == "*IDN?()"


@given(st.text())
def test_no_message_breaks_the_interpreter(message: str) -> None:
    echo = Echo("*IDN?", "SOURce:#:VOLTage")
    echo(message)
    assert echo("*IDN?") == "*IDN?()"


def test_a_full_queue_says_so_and_keeps_the_oldest() -> None:
    echo = Echo()
    echo.interpreter.report(ScpiError(*scpi.EXECUTION))
    for _ in range(2 * QUEUE_LENGTH):
        echo("?")
    codes = []
    while error := echo.interpreter.next_error():
        codes.append(error.code)
    assert codes == [-200, *[-113] * (QUEUE_LENGTH - 2), -350]


@given(st.floats(-100.0, 100.0, allow_nan=False))
def test_numbers_are_read_as_written(value: float) -> None:
    assert scpi.number(repr(value), -100.0, 100.0) == value
    assert scpi.number(f"{value:.9E}", -101.0, 101.0) == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize(
    ("parameter", "code"),
    [("", -109), ("x", -104), ("1 V", -104), ("nan", -104), ("1e999", -222), ("6", -222)],
)
def test_what_is_no_number_in_range_is_refused(parameter: str, code: int) -> None:
    with pytest.raises(ScpiError) as caught:
        scpi.number(parameter, 0.0, 5.0)
    assert caught.value.code == code


@pytest.mark.parametrize(("parameter", "on"), [("ON", True), ("off", False), ("1", True)])
def test_switches_take_words_and_digits(parameter: str, on: bool) -> None:
    assert scpi.switch(parameter) is on
