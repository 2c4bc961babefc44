"""What the bench asks of a supply, asked of the twin's and of a real one alike.

On hardware the output goes on, so the station's own limits are used and nothing else.
"""

from collections.abc import Iterator

import pytest

from bench.errors import SupplyError
from bench.instruments.registry import open_supply
from bench.instruments.supply import (
    SettingNotAcceptedError,
    Supply,
    SupplyConnectionError,
    SupplyIdentityError,
    SupplyTimeoutError,
    switch_off,
)
from bench.station.configuration import Station
from bench.station.settings import SupplySettings
from bench.twin.supply import Dialect
from tests.proxy import Proxy
from tests.served import Served, served_supply


@pytest.fixture
def supply(station: Station) -> Iterator[Supply]:
    instrument = open_supply(station.supply)
    instrument.errors()
    yield instrument
    switch_off(instrument)
    instrument.close()


def set_limits(supply: Supply, station: Station) -> None:
    supply.source_resistance = 0.0
    supply.current_limit = station.supply.current_limit
    supply.over_voltage = station.supply.over_voltage
    supply.voltage = station.supply.voltage
    supply.prepare_readings(station.device.expected_current)


def test_limits_are_kept_and_the_queue_is_empty(station: Station, supply: Supply) -> None:
    set_limits(supply, station)
    assert supply.current_limit == pytest.approx(station.supply.current_limit, abs=5e-4)
    assert supply.over_voltage == pytest.approx(station.supply.over_voltage, abs=0.05)
    assert supply.voltage == pytest.approx(station.supply.voltage, abs=5e-4)
    assert supply.source_resistance == 0.0
    assert supply.errors() == []


def test_the_output_goes_on_and_off(station: Station, supply: Supply) -> None:
    set_limits(supply, station)
    assert not supply.output
    supply.output = True
    assert supply.output
    assert supply.measure_voltage() == pytest.approx(station.supply.voltage, abs=0.02)
    switch_off(supply)
    assert not supply.output


def test_opening_a_supply_switches_it_off(station: Station, supply: Supply) -> None:
    set_limits(supply, station)
    supply.output = True
    supply.close()
    again = open_supply(station.supply)
    assert not again.output
    again.close()


def test_no_current_flows_while_the_output_is_off(station: Station, supply: Supply) -> None:
    set_limits(supply, station)
    assert supply.measure_current() == pytest.approx(0.0, abs=1e-3)


def test_another_serial_number_is_refused(station: Station) -> None:
    settings = station.supply.model_copy(update={"serial_number": "000000"})
    with pytest.raises(SupplyIdentityError, match="000000: correct the resource"):
        open_supply(settings)


def test_a_cleared_connection_is_in_step(supply: Supply) -> None:
    identity = supply.identity
    supply.clear()
    assert supply.identity == identity
    assert supply.errors() == []


# ---- the twin alone: what cannot be done to a real one


def test_readings_are_those_of_the_circuit(twin: Served) -> None:
    supply = open_supply(twin.station.supply)
    set_limits(supply, twin.station)
    supply.output = True
    with twin.world.lock:
        twin.world.draw(0.04)
        twin.world.advance(0.1)
    assert supply.measure_current() == pytest.approx(0.04, rel=0.02)
    assert twin.world.current == pytest.approx(0.04, rel=0.01)
    supply.output = False
    assert not twin.world.on
    supply.close()


def test_too_much_current_trips_the_output(twin: Served) -> None:
    supply = open_supply(twin.station.supply)
    set_limits(supply, twin.station)
    supply.output = True
    with twin.world.lock:
        twin.world.draw(0.31)
    assert not supply.output
    supply.output = False
    supply.close()


def test_a_voltage_above_the_trip_level_is_not_switched_on(twin: Served) -> None:
    supply = open_supply(twin.station.supply)
    set_limits(supply, twin.station)
    supply.voltage = 4.0
    with pytest.raises(SettingNotAcceptedError, match="a limit may have tripped"):
        supply.output = True
    assert not twin.world.on
    supply.close()


@pytest.mark.parametrize(
    "dialect",
    [
        Dialect(),
        Dialect(booleans=("OFF", "ON"), line_end="\r\n", no_error="+0,No error"),
        Dialect(trip_latches=False, no_error='0, "No error"'),
    ],
    ids=["0 and 1", "OFF and ON", "no latch"],
)
def test_each_form_that_a_unit_may_speak_is_understood(dialect: Dialect) -> None:
    with served_supply(dialect) as served:
        supply = open_supply(served.station.supply)
        set_limits(supply, served.station)
        supply.output = True
        assert supply.output
        assert supply.measure_current() == pytest.approx(0.0, abs=1e-3)
        supply.output = False
        assert supply.errors() == []
        supply.close()


def test_a_wrong_instrument_is_switched_off_and_refused(
    twin: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    with twin.world.lock:
        twin.world.connect(3.3)
    monkeypatch.setattr("bench.twin.supply.IDENTITY", "HAMEG,HMP2020,1,1.0")
    with pytest.raises(SupplyIdentityError, match=r"HAMEG.* answers, not an NGMO2"):
        open_supply(twin.station.supply)
    assert not twin.world.on


def test_a_supply_that_is_not_there_is_named(twin: Served) -> None:
    settings = twin.station.supply.model_copy(update={"resource": "TCPIP::127.0.0.1::1::SOCKET"})
    with pytest.raises(SupplyConnectionError, match=r"127\.0\.0\.1::1::SOCKET: cannot be reached"):
        open_supply(settings)


@pytest.fixture
def proxy(twin: Served) -> Iterator[Proxy]:
    with Proxy(int(twin.station.supply.resource.split("::")[2])) as between:
        yield between


def through(proxy: Proxy, twin: Served) -> SupplySettings:
    return twin.station.supply.model_copy(update={"resource": proxy.resource})


def test_a_supply_that_says_nothing_times_out(twin: Served, proxy: Proxy) -> None:
    # With the world's lock held the twin cannot answer.
    impatient = through(proxy, twin).model_copy(update={"timeout": 0.2})
    with twin.world.lock, pytest.raises(SupplyTimeoutError, match=r"no reply within 0\.2 s"):
        open_supply(impatient)


def test_a_lost_connection_can_be_cleared(twin: Served, proxy: Proxy) -> None:
    supply = open_supply(through(proxy, twin))
    proxy.refuse(0)
    with pytest.raises(SupplyError):
        _ = supply.voltage
    supply.clear()
    assert supply.voltage == 0.0
    supply.close()


def test_a_late_reply_does_not_answer_the_next_query(twin: Served, proxy: Proxy) -> None:
    supply = open_supply(through(proxy, twin))
    supply.current_limit = 0.25
    supply._link._resource.timeout = 200.0  # type: ignore[attr-defined]  # ms; until it is cleared
    with twin.world.lock, pytest.raises(SupplyTimeoutError):
        _ = supply.current_limit
    assert supply.voltage == 0.0
    supply.close()
