"""The twin's supply as an unmodified VISA client sees it, and what it does to the circuit."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import pyvisa
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.twin.scpi_server import HungUpError
from bench.twin.supply import Dialect, Supply, SupplyServer
from bench.twin.supply_faults import TRIPS_AT, SupplyFault
from bench.twin.supply_readings import RANGES, text
from bench.twin.world import World

LOAD = 40e-3


@dataclass(frozen=True)
class Lab:
    world: World
    address: str

    def open(self) -> Any:
        manager = pyvisa.ResourceManager("@py")
        return manager.open_resource(
            self.address, read_termination="\n", write_termination="\n", timeout=20_000
        )


@pytest.fixture
def lab() -> Iterator[Lab]:
    world = World()
    server = SupplyServer(world, 7)
    yield Lab(world, server.address)
    server.close()


@pytest.fixture
def supply(lab: Lab) -> Iterator[Any]:
    with lab.open() as session:
        yield session


def powered(supply: Any, world: World, amps: float = LOAD) -> None:
    """Switch on as a careful driver does."""
    for command in (
        ":OUTP:A:STAT OFF",
        ":SOUR:A:VOLT 3.3",
        ":SOUR:A:CURR:LIM 0.3",
        ":SOUR:A:VOLT:PROT 3.6",
        ":SENS:A:CURR:RANG MED",
        ":OUTP:A:STAT ON",
    ):
        supply.write(command)
    assert supply.query(":SYST:ERR?") == '0,"No error"'
    with world.lock:
        world.draw(amps)
        world.advance(0.1)


def readings(supply: Any, function: str, count: int = 15) -> list[float]:
    supply.write(f":SENS:A:FUNC {function}")
    return [float(supply.query(":MEAS:A?")) for _ in range(count)]


def test_it_identifies_itself_as_a_real_one_did(supply: Any) -> None:
    fields = supply.query("*IDN?").split(",")
    assert fields[:3] == ["ROHDE&SCHWARZ", "NGMO2", "100778"]
    assert len(fields) == 5


def test_settings_read_back_as_they_were_written(supply: Any) -> None:
    for header, value in (
        (":SOUR:A:VOLT", 3.301),
        (":SOUR:B:VOLT", 1.5),
        (":SOUR:A:CURR:LIM", 0.25),
        (":SOUR:A:VOLT:PROT", 3.6),
        (":OUTP:A:IMP", 0.25),
        (":SENS:A:MEAS:INT", 0.1),
        (":SENS:A:AVER:COUN", 3),
    ):
        supply.write(f"{header} {value}")
        assert float(supply.query(f"{header}?")) == pytest.approx(value)
    assert float(supply.query(":SOUR:A:CURR?")) == 0.25
    supply.write(":SENS:A:CURR:RANG medium")
    assert supply.query(":SENS:A:CURR:RANG?") == "MEDIUM"
    assert supply.query(":SYST:ERR?") == '0,"No error"'


@pytest.mark.parametrize(
    ("commands", "code"),
    [
        ([":SOUR:A:VOLT 15.1"], -222),
        ([":SOUR:A:VOLT"], -109),
        ([":SOUR:A:CURR:LIM 5.001"], -222),
        ([":SOUR:A:CURR:LIM 3", ":SOUR:A:VOLT 5.1"], -221),
        ([":SOUR:A:VOLT 6", ":SOUR:A:CURR 2.6"], -221),
        ([":SOUR:A:VOLT:PROT 1.4"], -222),
        ([":OUTP:A:IMP 1.1"], -222),
        ([":OUTP:A:STAT MAYBE"], -224),
        ([":SENS:A:FUNC OHMS"], -224),
        ([":SENS:A:MEAS:INT 0.3"], -222),
        ([":SOUR:VOLT 1"], -113),
    ],
)
def test_what_it_cannot_do_goes_to_the_error_queue_and_changes_nothing(
    supply: Any, commands: list[str], code: int
) -> None:
    for command in commands:
        supply.write(command)
    assert supply.query(":SYST:ERR?").startswith(f"{code},")
    assert supply.query(":SYST:ERR?") == '0,"No error"'
    assert float(supply.query(":SOUR:A:VOLT?")) in (0.0, 6.0)


def test_channel_a_feeds_the_circuit_and_channel_b_does_not(lab: Lab, supply: Any) -> None:
    powered(supply, lab.world)
    assert lab.world.history.source[-1] == pytest.approx(3.3, abs=5e-3)
    supply.write(":OUTP:A:STAT OFF")
    supply.write(":SOUR:B:VOLT 3")
    supply.write(":OUTP:B:STAT ON")
    assert supply.query(":OUTP:A:STAT?") == "0"
    assert supply.query(":OUTP:B:STAT?") == "1"
    assert not lab.world.on
    assert float(supply.query(":MEAS:B:VOLT?")) == pytest.approx(3.0, abs=10e-3)


def test_readings_are_the_circuit_within_the_tolerances(lab: Lab, supply: Any) -> None:
    powered(supply, lab.world)
    true = lab.world.history.source[-1]
    assert np.median(readings(supply, "VOLT")) == pytest.approx(true, rel=1e-3, abs=4e-3)
    assert np.median(readings(supply, "CURR")) == pytest.approx(LOAD, rel=1e-3, abs=0.15e-3)
    assert np.median(readings(supply, "DVM")) == pytest.approx(0.0, abs=4e-3)
    # RMS of a constant current is the current; its extremes too.
    for function in ("AVER", "RMS", "PEAK", "MIN", "HIGH", "LOW"):
        assert np.median(readings(supply, function)) == pytest.approx(LOAD, abs=0.3e-3)


def test_a_reading_is_the_mean_over_its_interval(lab: Lab, supply: Any) -> None:
    powered(supply, lab.world)
    supply.write(":SENS:A:MEAS:INT 0.1;COUN 1")
    supply.write(":SENS:A:AVER:COUN 2")
    supply.query("*OPC?")
    before = lab.world.now
    supply.query(":MEAS:A:CURR?")
    assert lab.world.now - before == pytest.approx(0.2, abs=0.01)


def test_some_current_readings_are_wild_and_the_median_is_not(lab: Lab, supply: Any) -> None:
    powered(supply, lab.world)
    values = np.array(readings(supply, "CURR", 303))
    wild = np.abs(values - LOAD) > 1e-3
    assert 0.03 < wild.mean() < 0.12
    assert np.median(values) == pytest.approx(LOAD, rel=1e-3, abs=0.15e-3)


def test_readings_have_the_steps_of_their_range_and_end_where_it_ends(
    lab: Lab, supply: Any
) -> None:
    powered(supply, lab.world)
    for name, step in (("HIGH", 0.2e-3), ("MED", 10e-6)):
        supply.write(f":SENS:A:CURR:RANG {name}")
        steps = np.array(readings(supply, "CURR")) / step
        np.testing.assert_allclose(steps, np.rint(steps), atol=1e-3)
    supply.write(":SENS:A:CURR:RANG LOW")
    assert set(readings(supply, "CURR", 5)) == {9.9e37}
    supply.write(":SENS:A:CURR:RANG AUTO")
    assert np.median(readings(supply, "CURR")) == pytest.approx(LOAD, abs=0.2e-3)


def test_the_sampled_buffer_shows_the_current_as_it_was(lab: Lab, supply: Any) -> None:
    powered(supply, lab.world)
    supply.write(":SENS:A:FUNC CURR")
    supply.write(":SENS:A:PULS:SAMP:LENG 500")
    supply.write(":SENS:A:PULS:SAMP:INT 1E-4")
    supply.query("*OPC?")
    before = lab.world.now
    values = [float(value) for value in supply.query(":FETC:A:ARR?").split(",")]
    assert len(values) == 500
    assert lab.world.now - before == pytest.approx(50e-3, abs=5e-3)
    assert np.median(values) == pytest.approx(LOAD, abs=0.2e-3)


def test_more_than_the_limit_trips_the_output_until_it_is_switched_off(
    lab: Lab, supply: Any
) -> None:
    powered(supply, lab.world)
    lab.world.draw(0.31)
    assert supply.query(":OUTP:A:STAT?") == "0"
    assert not lab.world.on
    lab.world.draw(LOAD)
    supply.write(":OUTP:A:STAT ON")
    assert supply.query(":SYST:ERR?").startswith("-200,")
    supply.write(":OUTP:A:STAT OFF")
    supply.write(":OUTP:A:STAT ON")
    assert supply.query(":OUTP:A:STAT?") == "1"


@pytest.mark.parametrize("command", [":SOUR:A:VOLT 3.7", ":SOUR:A:VOLT:PROT 3.2"])
def test_a_voltage_above_the_protection_trips_the_output(
    lab: Lab, supply: Any, command: str
) -> None:
    powered(supply, lab.world)
    supply.write(command)
    assert supply.query(":OUTP:A:STAT?") == "0"
    assert not lab.world.on


def test_a_simulated_resistance_lowers_the_voltage_under_load(lab: Lab, supply: Any) -> None:
    powered(supply, lab.world, amps=0.1)
    before = lab.world.history.source[-1]
    supply.write(":OUTP:A:IMP 1")
    supply.query("*OPC?")
    assert before - lab.world.history.source[-1] == pytest.approx(0.1, rel=0.01)


def test_reset_switches_both_channels_off(lab: Lab, supply: Any) -> None:
    powered(supply, lab.world)
    supply.write(":OUTP:B:STAT ON")
    supply.write("*RST")
    assert supply.query(":OUTP:A:STAT?;:OUTP:B:STAT?") == "0;0"
    assert not lab.world.on


def test_a_new_session_begins_a_new_world_only_with_the_output_off(lab: Lab) -> None:
    with lab.open() as first:
        powered(first, lab.world)
        with lab.open() as second:  # a guardian's, say
            assert second.query(":OUTP:A:STAT?") == "1"
            assert lab.world.now > 0.1
            second.write(":OUTP:A:STAT OFF")
            second.query("*OPC?")
    with lab.open() as third:
        third.query("*OPC?")
        assert lab.world.now < 0.1
        assert lab.world.power_cycle == 0


def test_the_same_seed_and_history_give_the_same_readings() -> None:
    def log(seed: int) -> list[str | None]:
        world = World()
        supply = Supply(world, seed)
        supply.connected()
        for command in (":SOUR:A:VOLT 3.3", ":OUTP:A ON", ":SENS:A:FUNC CURR"):
            supply.carry_out(command)
        world.draw(LOAD)
        return [supply.carry_out(":MEAS:A?") for _ in range(20)]

    assert log(7) == log(7)
    assert log(7) != log(8)


@pytest.mark.parametrize(
    ("dialect", "on", "no_error"),
    [
        (Dialect(), "1\n", '0,"No error"\n'),
        (Dialect(booleans=("OFF", "ON")), "ON\n", '0,"No error"\n'),
        (Dialect(line_end="\r\n", no_error="0, no error"), "1\r\n", "0, no error\r\n"),
    ],
)
def test_it_speaks_each_form_that_the_evidence_leaves_open(
    dialect: Dialect, on: str, no_error: str
) -> None:
    supply = Supply(World(), 7, dialect)
    supply.carry_out(":OUTP:A ON")
    assert supply.carry_out(":OUTP:A?") == on
    assert supply.carry_out("SYST:ERR?") == no_error


def test_a_trip_that_does_not_latch_can_be_switched_on_again_at_once() -> None:
    supply = Supply(World(), 7, Dialect(trip_latches=False))
    supply.carry_out(":SOUR:A:VOLT 3;VOLT:PROT 2;PROT 4")
    supply.carry_out(":OUTP:A ON;:SOUR:A:VOLT 5;VOLT 3;:OUTP:A ON")
    assert supply.carry_out(":OUTP:A?") == "1\n"


@pytest.mark.parametrize(
    ("value", "step", "shown"),
    [
        (0.146, 1e-3, "1.46E-01"),
        (0.1478, 0.2e-3, "1.478E-01"),
        (-3.242, 1e-3, "-3.242E+00"),
        (0.0, 1e-3, "0E+00"),
        (-0.0001, 1e-3, "0E+00"),
        (12.0, 1e-3, "1.2E+01"),
    ],
)
def test_numbers_look_as_in_the_log_of_a_real_unit(value: float, step: float, shown: str) -> None:
    assert text(value, step) == shown


@settings(max_examples=50)
@given(st.lists(st.binary(max_size=30), max_size=5), st.booleans())
def test_no_message_keeps_the_output_from_being_switched_off(
    messages: list[bytes], on: bool
) -> None:
    supply = Supply(World(), 7)
    supply.carry_out(":SOUR:A:VOLT 3.3;:OUTP:A ON")
    for message in messages:
        supply.carry_out(message.decode("ascii", "replace"))
    supply.carry_out(f":OUTP:A {'ON' if on else 'OFF'}")
    assert supply.world.on is on
    assert supply.carry_out(":OUTP:A?") == ("1\n" if on else "0\n")


def test_rubbish_and_a_hung_up_client_leave_the_server_alive(lab: Lab) -> None:
    port = int(lab.address.split("::")[2])
    with socket.create_connection(("127.0.0.1", port)) as raw, raw.makefile("rb") as replies:
        raw.sendall(b"x" * 300_000 + b"\n*IDN?\n")
        assert b"NGMO2" in replies.readline()
        raw.sendall(b"SYST:ERR?\n")
        assert replies.readline().startswith(b"-363,")
        raw.sendall(bytes(range(256)) * 10 + b"\n*IDN")
    with lab.open() as session:
        assert "NGMO2" in session.query("*IDN?")


def test_every_range_shows_zero_within_its_offset(lab: Lab, supply: Any) -> None:
    for name, span in RANGES.items():
        supply.write(f":SENS:A:CURR:RANG {name}")
        values = [float(supply.query(":MEAS:A:CURR?")) for _ in range(15)]
        assert np.median(values) == pytest.approx(0.0, abs=1.01 * span.offset + 3 * span.step)


def faulty(fault: SupplyFault) -> Supply:
    return Supply(World(), 7, faults=[fault])


def test_a_silent_supply_carries_out_commands() -> None:
    supply = faulty(SupplyFault.SILENT)
    assert supply.carry_out("*IDN?;:SOUR:A:VOLT 1;:OUTP:A ON") is None
    assert supply.world.on


def test_a_supply_that_hangs_does_so_while_its_output_is_on() -> None:
    supply = faulty(SupplyFault.HANGS)
    assert "NGMO2" in str(supply.carry_out("*IDN?"))
    assert supply.carry_out(":SOUR:A:VOLT 1;:OUTP:A ON;:OUTP:A?") is None
    assert supply.carry_out(":OUTP:A OFF;:OUTP:A?") == "0\n"


def test_a_supply_that_hangs_up_does_so_once() -> None:
    supply = faulty(SupplyFault.HANGS_UP)
    assert supply.carry_out("*OPC?") == "1\n"
    with pytest.raises(HungUpError):
        supply.carry_out(":OUTP:A ON")
    assert supply.carry_out(":OUTP:A?") == "1\n"


def test_stale_replies_are_those_to_the_query_before() -> None:
    supply = faulty(SupplyFault.STALE)
    assert supply.carry_out("*OPC?") == "1\n"
    assert supply.carry_out(":OUTP:A ON;:SYST:ERR?") == "1\n"
    assert supply.carry_out(":OUTP:A?") == '0,"No error"\n'
    assert supply.carry_out(":OUTP:A OFF;:OUTP:A?") == "0\n"


def test_another_model_a_stuck_setting_and_an_error_of_the_hardware() -> None:
    assert "NGMO2" not in str(faulty(SupplyFault.OTHER_MODEL).carry_out("*IDN?"))
    stuck = faulty(SupplyFault.STUCK)
    assert stuck.carry_out(":SOUR:A:VOLT 3.3;VOLT?;:SYST:ERR?") == '0E+00;0,"No error"\n'
    complains = faulty(SupplyFault.COMPLAINS)
    assert complains.carry_out(":OUTP:A ON;:SYST:ERR?") == '-240,"Hardware error"\n'
    assert complains.carry_out(":OUTP:A OFF;:SYST:ERR?") == '0,"No error"\n'


def test_a_protection_that_trips_early_does_so_whatever_the_limit() -> None:
    supply = faulty(SupplyFault.TRIPS)
    supply.carry_out(":SOUR:A:VOLT 3.3;CURR:LIM 0.3;:OUTP:A ON")
    supply.world.draw(TRIPS_AT - 1e-3)
    assert supply.carry_out(":OUTP:A?") == "1\n"
    supply.world.draw(TRIPS_AT + 1e-3)
    assert supply.carry_out(":OUTP:A?") == "0\n"
