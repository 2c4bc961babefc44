"""The NGMO2's driver, as conversations on the wire: what is sent, what comes back, nothing else."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import SupplyError
from bench.instruments.ngmo2 import READINGS, Ngmo2
from bench.instruments.properties import (
    NumberSetting,
    SwitchSetting,
    parse_error,
    parse_number,
    parse_switch,
)
from bench.instruments.supply import (
    OutputNotOffError,
    SettingNotAcceptedError,
    SupplyIdentityError,
    SupplyReplyError,
    SupplyTimeoutError,
    switch_off,
)

IDENTITY = "ROHDE&SCHWARZ,NGMO2,100778,1.16 /A:3:1.14,B:3:1.14"
SILENCE = object()
CLEAR = "<clear>"


@dataclass
class Wire:
    """A link that expects a conversation: pairs of what is sent and its reply, None for none."""

    expected: list[tuple[str, object]]
    name: str = "GPIB0::5::INSTR"
    replies: list[object] = field(default_factory=list)

    def write(self, command: str) -> None:
        assert self.expected, f"{command!r} was not expected"
        sent, reply = self.expected.pop(0)
        assert command == sent
        if reply is not None:
            self.replies.append(reply)

    def read(self) -> str:
        assert self.replies, "nothing was asked"
        reply = self.replies.pop(0)
        if reply is SILENCE:
            raise SupplyTimeoutError("no reply")
        return str(reply)

    def clear(self) -> None:
        self.replies.clear()
        self.write(CLEAR)

    def close(self) -> None:
        self.write("<close>")


Converse = Callable[..., Ngmo2]


@pytest.fixture
def converse() -> Iterator[Converse]:
    """Makes channel A of a supply that expects a conversation; what is left over fails."""
    wires: list[Wire] = []

    def begin(*conversation: tuple[str, object]) -> Ngmo2:
        wires.append(Wire(list(conversation)))
        return Ngmo2(wires[-1], "A")

    yield begin
    for wire in wires:
        assert not wire.expected, "left over: to be sent"
        assert not wire.replies, "left over: to be read"


def test_the_first_command_switches_this_channel_off(converse: Converse) -> None:
    converse((":OUTP:A:STAT OFF", None), ("*IDN?", IDENTITY)).identify()


def test_the_serial_number_is_checked_if_the_station_names_one(converse: Converse) -> None:
    hello = ((":OUTP:A:STAT OFF", None), ("*IDN?", IDENTITY + "\r"))
    converse(*hello).identify("100778")
    with pytest.raises(SupplyIdentityError, match="serial number 100778 answers, not 5"):
        converse(*hello).identify("5")


@pytest.mark.parametrize("identity", ["HAMEG,HMP2020,1,1.0", "", "NGMO2"])
def test_another_instrument_is_refused(converse: Converse, identity: str) -> None:
    supply = converse((":OUTP:A:STAT OFF", None), ("*IDN?", identity))
    with pytest.raises(SupplyIdentityError, match="not an NGMO2: correct the resource"):
        supply.identify()


@pytest.mark.parametrize(
    ("name", "value", "command", "query", "reply"),
    [
        ("voltage", 3.3, ":SOUR:A:VOLT 3.300", ":SOUR:A:VOLT?", "3.3E+00"),
        ("current_limit", 0.3, ":SOUR:A:CURR:LIM 0.300", ":SOUR:A:CURR:LIM?", "3E-01"),
        ("over_voltage", 3.6, ":SOUR:A:VOLT:PROT 3.6", ":SOUR:A:VOLT:PROT?", "3.6"),
        ("source_resistance", 0.0, ":OUTP:A:IMP 0.00", ":OUTP:A:IMP?", "0"),
        ("output", True, ":OUTP:A:STAT ON", ":OUTP:A:STAT?", "1"),
        ("output", False, ":OUTP:A:STAT OFF", ":OUTP:A:STAT?", "OFF\r"),
    ],
)
def test_a_setting_is_written_and_read_back(
    converse: Converse, name: str, value: float, command: str, query: str, reply: str
) -> None:
    setattr(converse((command, None), (query, reply)), name, value)


def test_channel_b_has_its_own_headers() -> None:
    wire = Wire([(":SOUR:B:VOLT 1.000", None), (":SOUR:B:VOLT?", "1")])
    Ngmo2(wire, "B").voltage = 1.0
    assert not wire.expected


def test_a_setting_that_is_ignored_is_an_error(converse: Converse) -> None:
    supply = converse((":SOUR:A:VOLT 3.300", None), (":SOUR:A:VOLT?", "3.302E+00"))
    with pytest.raises(SettingNotAcceptedError, match=r"voltage was set to 3\.3 V and reads back"):
        supply.voltage = 3.3


def test_an_output_that_trips_at_once_is_an_error(converse: Converse) -> None:
    supply = converse((":OUTP:A:STAT ON", None), (":OUTP:A:STAT?", "OFF"))
    with pytest.raises(SettingNotAcceptedError, match="a limit may have tripped"):
        supply.output = True


@pytest.mark.parametrize(
    ("name", "value"),
    [("voltage", 15.1), ("voltage", -0.1), ("current_limit", 5.1), ("over_voltage", 1.4)],
)
def test_a_value_out_of_range_is_never_sent(converse: Converse, name: str, value: float) -> None:
    with pytest.raises(SupplyError, match=f"{name} .* is outside"):
        setattr(converse(), name, value)


@pytest.mark.parametrize(
    ("current", "range_"), [(0.005, "LOW"), (0.055, "MED"), (0.5, "MED"), (0.6, "HIGH")]
)
def test_readings_use_the_smallest_range_that_holds(
    converse: Converse, current: float, range_: str
) -> None:
    converse(
        (f":SENS:A:CURR:RANG {range_}", None),
        (":SENS:A:MEAS:INT 0.02", None),
        (":SENS:A:AVER:COUN 1", None),
    ).prepare_readings(current)


def test_a_reading_survives_as_many_wild_ones_as_were_seen(converse: Converse) -> None:
    wild = ["4.9E+00", "-3.242E+00"]
    replies = ["2.84E-02"] * (READINGS - len(wild)) + wild
    readings = [(":MEAS:A?", reply) for reply in replies]
    assert converse((":SENS:A:FUNC CURR", None), *readings).measure_current() == 0.0284


def test_voltage_is_its_own_function(converse: Converse) -> None:
    readings = [(":MEAS:A?", "3.3E+00")] * READINGS
    assert converse((":SENS:A:FUNC VOLT", None), *readings).measure_voltage() == 3.3


def test_the_error_queue_is_emptied_oldest_first(converse: Converse) -> None:
    supply = converse(
        (":SYST:ERR?", '-113,"Undefined header"'),
        (":SYST:ERR?", '-222,"Data out of range"'),
        (":SYST:ERR?", '0,"No error"'),
    )
    assert supply.errors() == ["-113, Undefined header", "-222, Data out of range"]


def test_an_error_queue_that_does_not_empty_is_an_error(converse: Converse) -> None:
    supply = converse(*[(":SYST:ERR?", '-350,"Queue overflow"')] * 64)
    with pytest.raises(SupplyReplyError, match="does not empty: -350"):
        supply.errors()


def test_a_late_reply_never_answers_the_next_query(converse: Converse) -> None:
    supply = converse((":SOUR:A:VOLT?", SILENCE), (CLEAR, None), (":SOUR:A:VOLT?", "3.3"))
    with pytest.raises(SupplyTimeoutError):
        _ = supply.voltage
    assert supply.voltage == 3.3


def test_a_reset_leaves_this_channel_off(converse: Converse) -> None:
    converse(("*RST", None), (":OUTP:A:STAT OFF", None)).reset()


def test_clearing_makes_sure_that_the_replies_are_in_step(converse: Converse) -> None:
    converse((CLEAR, None), ("*IDN?", IDENTITY), ("*CLS", None)).clear()
    with pytest.raises(SupplyIdentityError, match=r"'0\.1' in reply to"):
        converse((CLEAR, None), ("*IDN?", "0.1")).clear()


OFF = (":OUTP:A:STAT OFF", None)
IN_STEP = ((CLEAR, None), ("*IDN?", IDENTITY), ("*CLS", None))


def test_switching_off_is_repeated_until_it_is_confirmed(converse: Converse) -> None:
    switch_off(
        converse(
            OFF,
            (":OUTP:A:STAT?", SILENCE),
            *IN_STEP,
            OFF,
            (":OUTP:A:STAT?", "ON"),
            *IN_STEP,
            OFF,
            (":OUTP:A:STAT?", "OFF"),
        )
    )


def test_an_output_that_stays_on_is_told(converse: Converse) -> None:
    stays_on = (OFF, (":OUTP:A:STAT?", "ON"))
    supply = converse(*stays_on, *IN_STEP, *stays_on, *IN_STEP, *stays_on)
    with pytest.raises(OutputNotOffError, match=r"after 3 attempts.*switch it off by hand"):
        switch_off(supply)


@pytest.mark.parametrize(
    ("reply", "value"),
    [
        ("1.46E-01", 0.146),
        ("-3.242E+00", -3.242),
        ("+3.3", 3.3),
        ("3.300 V", 3.3),
        ("3.300V\r", 3.3),
        ("VOLT 3.3", 3.3),
        (" 0 ", 0.0),
        (".5", 0.5),
    ],
)
def test_numbers_are_read_tolerantly(reply: str, value: float) -> None:
    assert parse_number(reply) == value


@pytest.mark.parametrize("reply", ["", "ON", "1,2", "1.2.3", "nan", "9.91E37", "-9.9E+37", "0x1"])
def test_what_is_no_reading_is_refused(reply: str) -> None:
    with pytest.raises(SupplyReplyError, match="reply"):
        parse_number(reply)


@given(st.floats(-1e6, 1e6))
def test_any_number_is_read_as_the_instrument_writes_it(value: float) -> None:
    assert parse_number(f"{value:.3E}") == pytest.approx(value, rel=5.1e-4, abs=1e-300)


@given(st.text())
def test_any_reply_is_understood_or_refused(reply: str) -> None:
    for parse in (parse_number, parse_switch, parse_error):
        message = repr(reply)
        try:
            parse(reply)
        except SupplyReplyError as error:
            message = str(error)
        assert repr(reply) in message


@pytest.mark.parametrize(
    ("reply", "code", "text"),
    [
        ('0,"No error"', 0, "No error"),
        ("+0, No error\r", 0, "No error"),
        ('-113,"Undefined header; :FOO"', -113, "Undefined header; :FOO"),
        ("0", 0, ""),
    ],
)
def test_entries_of_the_error_queue_are_read_tolerantly(reply: str, code: int, text: str) -> None:
    assert parse_error(reply) == (code, text)


def _public_members() -> list[tuple[str, str]]:
    members = vars(Ngmo2).items()
    return [(name, item.__doc__ or "") for name, item in members if not name.startswith("_")]


@pytest.mark.parametrize(("name", "doc"), _public_members())
def test_each_member_reads_like_the_manual(name: str, doc: str) -> None:
    summary = doc.splitlines()[0]
    assert summary.split()[0] in ("Control", "Get", "Measure", "Set"), name
    assert any(f"({unit})" in summary for unit in ("V", "A", "ohm", "no unit")), name


def test_each_numeric_setting_names_its_unit_once_and_rightly() -> None:
    settings = [item for item in vars(Ngmo2).values() if isinstance(item, NumberSetting)]
    assert len(settings) == 4
    for setting in settings:
        assert f"({setting.unit})" in (setting.__doc__ or "")
    assert isinstance(vars(Ngmo2)["output"], SwitchSetting)
