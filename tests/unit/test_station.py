"""Power is on only while somebody answers for it: states, lease and guardian, with real processes.

The supply is a served twin's; owners and guardians are processes.
"""

import multiprocessing
import os
import random
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bench.errors import StationBusyError, SupplyError
from bench.instruments.registry import open_supply
from bench.instruments.supply import Supply
from bench.station.configuration import Station, load_station
from bench.station.lease import Lease, instrument_name
from bench.station.machine import LeasedStation, Phase, PhaseError, PowerLostError
from tests.proxy import Proxy
from tests.served import STATIONS, Served, served_supply
from tests.unit.station_owner import own

PATIENCE = 120.0
"""s after which a test gives up waiting; no test waits so long unless it fails."""


@pytest.fixture
def served() -> Iterator[Served]:
    with served_supply() as supply:
        yield supply


@pytest.fixture
def proxy(served: Served) -> Iterator[Proxy]:
    """Between the owner and the supply; what the test does to it, the network did."""
    with Proxy(int(served.station.supply.resource.split("::")[2])) as between:
        yield between


def is_on(served: Served) -> bool:
    return served.world.on


def behind(proxy: Proxy, station: Station) -> Station:
    """The station as seen through the proxy."""
    supply = station.supply.model_copy(update={"resource": proxy.resource})
    return station.model_copy(update={"supply": supply})


def impatient(station: Station) -> Station:
    """The station, quick to give up."""
    timeouts = station.timeouts.model_copy(update={"lease": 0.0, "guardian": 0.2})
    return station.model_copy(update={"timeouts": timeouts})


def powered(station: Station, locks: Path, act: Callable[[], object]) -> None:
    """Do something while the power is on."""
    with LeasedStation(station, locks=locks) as leased:
        leased.configure()
        leased.power_on()
        act()


# ---- states


def test_nothing_is_done_out_of_order(served: Served, tmp_path: Path) -> None:
    leased = LeasedStation(served.station, locks=tmp_path)
    with pytest.raises(PhaseError, match="is idle, but must be leased or configured"):
        leased.configure()
    with leased:
        with pytest.raises(PhaseError, match="is leased, but must be configured"):
            leased.power_on()
        leased.configure()
        with pytest.raises(PhaseError, match="is configured, but must be powered"):
            leased.check_power()
        leased.power_on()
        with pytest.raises(PhaseError, match="is powered, but must be leased or configured"):
            leased.configure()
    assert leased.phase is Phase.IDLE


def test_limits_are_in_force_before_power_is(served: Served, tmp_path: Path) -> None:
    wanted = served.station.supply
    with LeasedStation(served.station, locks=tmp_path) as leased:
        leased.configure()
        assert not is_on(served)
        supply = open_supply(wanted)
        assert supply.current_limit == pytest.approx(wanted.current_limit)
        assert supply.over_voltage == pytest.approx(wanted.over_voltage)
        assert supply.voltage == pytest.approx(wanted.voltage)
        assert supply.source_resistance == 0.0
        supply.close()
        leased.power_on()
        assert is_on(served)
        assert leased.measure_voltage() == pytest.approx(3.3, abs=0.02)
        leased.power_cycle(wanted.flash_voltage)
        assert leased.measure_voltage() == pytest.approx(3.5, abs=0.02)
        leased.power_off()
        assert not is_on(served)


def test_no_other_voltage_than_the_stations(served: Served, tmp_path: Path) -> None:
    with LeasedStation(served.station, locks=tmp_path) as leased:
        leased.configure()
        with pytest.raises(PhaseError, match=r"3.4 V is none of the station's voltages"):
            leased.power_on(3.4)
        assert not is_on(served)


def test_an_exception_leaves_the_output_off_and_passes(served: Served, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        powered(served.station, tmp_path, lambda: 1 / 0)
    assert not is_on(served)


@dataclass
class Meddler:
    """Somebody else at the same supply."""

    supply: Supply

    def lower_the_limit(self) -> None:
        self.supply.current_limit = 0.1

    def raise_the_voltage(self) -> None:
        self.supply.over_voltage = 10.0
        self.supply.voltage = 5.0

    def make_an_error(self) -> None:
        self.supply.write(":FOO:BAR 1")  # type: ignore[attr-defined]  # beside the protocol
        _ = self.supply.identity  # its reply says that the supply has seen it

    def switch_off(self) -> None:
        self.supply.output = False


@pytest.fixture
def meddler(served: Served) -> Iterator[Meddler]:
    supply = open_supply(served.station.supply)
    yield Meddler(supply)
    supply.close()


@pytest.mark.parametrize("deed", [Meddler.lower_the_limit, Meddler.make_an_error])
def test_power_stays_off_if_somebody_meddled(
    served: Served, meddler: Meddler, deed: Callable[[Meddler], None], tmp_path: Path
) -> None:
    with LeasedStation(served.station, locks=tmp_path) as leased:
        leased.configure()
        deed(meddler)
        with pytest.raises(SupplyError):
            leased.power_on()
        assert not is_on(served)
        assert leased.phase is Phase.LEASED
        leased.configure()  # sets all again
        leased.power_on()
        assert is_on(served)


def test_power_that_went_is_noticed(served: Served, meddler: Meddler, tmp_path: Path) -> None:
    with LeasedStation(served.station, locks=tmp_path) as leased:
        leased.configure()
        leased.power_on()
        leased.check_power()
        meddler.switch_off()
        with pytest.raises(PowerLostError, match="the supply switched its output off"):
            leased.check_power()
        assert leased.phase is Phase.LEASED


def test_an_error_of_the_instrument_ends_the_power(
    served: Served, meddler: Meddler, tmp_path: Path
) -> None:
    with LeasedStation(served.station, locks=tmp_path) as leased:
        leased.configure()
        leased.power_on()
        meddler.make_an_error()
        with pytest.raises(SupplyError, match="the supply reports -113"):
            leased.check_power()
        assert not is_on(served)


def test_the_twins_file_alone_names_no_instrument(tmp_path: Path) -> None:
    station = load_station(STATIONS / "twin.toml")
    with (
        pytest.raises(PhaseError, match="python -m bench twin"),
        LeasedStation(station, locks=tmp_path),
    ):
        pass


# ---- lease


@pytest.mark.parametrize(
    ("one", "same"),
    [
        ("GPIB::5::INSTR", "GPIB0::5::INSTR"),
        ("tcpip::host::5025::socket", "TCPIP0::host::5025::SOCKET"),
    ],
)
def test_an_instrument_has_one_name(one: str, same: str) -> None:
    assert instrument_name(one) == instrument_name(same)
    assert instrument_name(one) != instrument_name(one.replace("5", "6"))


def test_both_channels_are_leased_together(served: Served, tmp_path: Path) -> None:
    other = served.station.supply.model_copy(update={"channel": "B"})
    neighbour = impatient(served.station.model_copy(update={"supply": other}))
    with (
        LeasedStation(served.station, locks=tmp_path),
        pytest.raises(StationBusyError, match=f"leased by process {os.getpid()}"),
        LeasedStation(neighbour, locks=tmp_path),
    ):
        pass
    with LeasedStation(neighbour, locks=tmp_path) as leased:
        leased.configure()


def test_a_station_is_busy_while_an_earlier_guardian_is_at_work(
    served: Served, tmp_path: Path
) -> None:
    lock = FileLock(Lease(served.station.supply.resource, tmp_path).guardian_lock)
    with (
        lock,
        pytest.raises(StationBusyError, match="guardian of an earlier run"),
        LeasedStation(impatient(served.station), locks=tmp_path),
    ):
        pass


# ---- guardian


# Owners are forked from a small server that has loaded what they need, which saves seconds.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.unit.station_owner", "bench.instruments.visa"])


class Owner:
    """A process that owns the station, and its guardian."""

    def __init__(self, station: Station, locks: Path, way: str) -> None:
        self._lease = Lease(station.supply.resource, locks)
        self._hears, tells = PROCESSES.Pipe(duplex=False)
        self._process = PROCESSES.Process(target=own, args=(station, locks, way, tells))
        self._process.start()
        tells.close()

    def wait_for_power(self) -> None:
        assert self._hears.recv() == "powered"

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def kill(self) -> None:
        self._process.kill()

    def wait_for_end(self) -> int:
        """Wait until the process and its guardian have ended; the exit code."""
        self._process.join(PATIENCE)
        self._hears.close()
        with FileLock(self._lease.guardian_lock, timeout=PATIENCE):
            assert self._process.exitcode is not None
            return self._process.exitcode

    @property
    def log(self) -> str:
        """What the guardian wrote: nothing, unless it had to act."""
        path = self._lease.guardian_log
        return path.read_text("utf-8") if path.exists() else ""


@pytest.mark.parametrize(
    ("way", "by_the_guardian"),
    [
        ("returns", False),
        ("raises", False),
        ("sys.exit", False),
        ("SIGINT", False),
        ("SIGTERM", True),
        ("SIGKILL", True),
        ("os._exit", True),
        ("crashes", True),
    ],
)
def test_power_is_off_whichever_way_the_owner_ends(
    served: Served, tmp_path: Path, way: str, by_the_guardian: bool
) -> None:
    owner = Owner(served.station, tmp_path, way)
    owner.wait_for_power()
    code = owner.wait_for_end()
    assert not is_on(served)
    assert (code == 0) == (way == "returns")
    assert ("the output is off" in owner.log) == by_the_guardian


def test_it_is_the_guardian_who_switches_off(served: Served, tmp_path: Path) -> None:
    owner = Owner(served.station, tmp_path, "waits")
    owner.wait_for_power()
    children = Path(f"/proc/{owner.pid}/task/{owner.pid}/children")
    for child in children.read_text().split():
        os.kill(int(child), signal.SIGKILL)
    owner.kill()
    owner.wait_for_end()
    assert is_on(served)  # nobody is left: the supply keeps its output on
    with LeasedStation(served.station, locks=tmp_path) as leased:
        leased.configure()
        assert not is_on(served)


@pytest.mark.parametrize("command", sorted(random.Random(2023).sample(range(1, 90), 10)))
def test_a_kill_at_any_command_leaves_the_output_off(
    served: Served, proxy: Proxy, tmp_path: Path, command: int
) -> None:
    born: SimpleQueue[Owner] = SimpleQueue()  # the command may come before this process goes on
    proxy.at_command(command, lambda: born.get(timeout=PATIENCE).kill())
    owner = Owner(behind(proxy, served.station), tmp_path, "lives")
    born.put(owner)
    assert owner.wait_for_end() == -signal.SIGKILL
    assert not is_on(served)
    assert "the output is off" in owner.log


def kill_guardian(leased: LeasedStation) -> None:
    assert leased._guardian is not None
    leased._guardian._process.kill()
    leased._guardian._process.wait()


def test_a_dead_guardian_forbids_power(served: Served, tmp_path: Path) -> None:
    with LeasedStation(served.station, locks=tmp_path) as leased:
        leased.configure()
        kill_guardian(leased)
        with pytest.raises(SupplyError, match="without it there is no power"):
            leased.power_on()
        assert not is_on(served)


def test_power_goes_off_when_its_guardian_is_found_dead(served: Served, tmp_path: Path) -> None:
    with LeasedStation(served.station, locks=tmp_path) as leased:
        leased.configure()
        leased.power_on()
        kill_guardian(leased)
        with pytest.raises(SupplyError, match="without it there is no power"):
            leased.check_power()
        assert not is_on(served)


def test_a_supply_that_comes_back_is_switched_off(
    served: Served, proxy: Proxy, tmp_path: Path
) -> None:
    station = behind(proxy, served.station)
    with pytest.raises(SupplyError, match="the guardian had to switch off"):
        powered(station, tmp_path, lambda: proxy.refuse(8))
    assert not is_on(served)


def test_a_supply_that_stays_away_is_told(served: Served, proxy: Proxy, tmp_path: Path) -> None:
    station = impatient(behind(proxy, served.station))
    with pytest.raises(SupplyError, match=r"the output may still be on.*switch it off by hand"):
        powered(station, tmp_path, lambda: proxy.refuse(10_000))
    assert is_on(served)
    log = Lease(station.supply.resource, tmp_path).guardian_log.read_text("utf-8")
    assert "gave up after 0.2 s, output may be ON" in log


# ---- all of it in any order


class AnyOrder(RuleBasedStateMachine):
    """Whatever is asked in whatever order: output on implies lease, guardian and limits."""

    served: Served
    locks: Path

    def __init__(self) -> None:
        super().__init__()
        self.leased = LeasedStation(impatient(self.served.station), locks=self.locks)
        self.leased.__enter__()
        self.meddled = False

    @property
    def phase(self) -> Phase:
        return self.leased.phase

    def attempt(self, action: Callable[[], object], *allowed: Phase) -> None:
        """What the phase forbids is refused; what a meddler spoilt is an error."""
        if self.phase not in allowed:
            with pytest.raises(PhaseError):
                action()
            return
        try:
            action()
        except SupplyError:
            assert self.meddled
            assert self.phase is Phase.LEASED

    @rule()
    def configure(self) -> None:
        allowed = self.phase in (Phase.LEASED, Phase.CONFIGURED)
        self.attempt(self.leased.configure, Phase.LEASED, Phase.CONFIGURED)
        if allowed:
            self.meddled = False

    @rule()
    def power_on(self) -> None:
        self.attempt(self.leased.power_on, Phase.CONFIGURED)

    @rule()
    def power_off(self) -> None:
        self.attempt(self.leased.power_off, Phase.CONFIGURED, Phase.POWERED)

    @rule()
    def power_cycle(self) -> None:
        self.attempt(self.leased.power_cycle, Phase.CONFIGURED, Phase.POWERED)

    @rule()
    def check(self) -> None:
        self.attempt(self.leased.check_power, Phase.POWERED)

    @precondition(lambda self: self.phase is not Phase.POWERED)
    @rule(deed=st.sampled_from([Meddler.lower_the_limit, Meddler.make_an_error]))
    def meddle(self, deed: Callable[[Meddler], None]) -> None:
        supply = open_supply(self.served.station.supply)
        deed(Meddler(supply))
        supply.close()
        self.meddled = True

    @invariant()
    def power_implies_that_all_is_in_place(self) -> None:
        assert self.served.world.on == (self.phase is Phase.POWERED)
        with pytest.raises(StationBusyError), Lease(self.station.supply.resource, self.locks):
            pass
        if self.served.world.on:
            assert self.leased._guardian is not None
            self.leased._guardian.check()
            supply = self.leased._supply
            assert supply is not None
            assert supply.current_limit == pytest.approx(self.station.supply.current_limit)
            assert supply.over_voltage == pytest.approx(self.station.supply.over_voltage)

    @property
    def station(self) -> Station:
        return self.served.station

    def teardown(self) -> None:
        try:
            self.leased.__exit__(None, None, None)
        finally:
            assert not self.served.world.on


def test_power_is_safe_in_any_order_of_requests(served: Served, tmp_path: Path) -> None:
    machine = type("Machine", (AnyOrder,), {"served": served, "locks": tmp_path})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=6,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
