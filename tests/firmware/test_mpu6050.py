"""The MPU-6050's driver, all but its bus, against registers that behave as the data sheet says."""

import struct
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.firmware.sampling import Driver, Fetched, Sampling

PERIOD = 20_000
FIFO_BYTES = 1024

Reading = tuple[int, int, int, int, int, int]
at_full_scale = st.integers(-(2**15), 2**15 - 1)


class Registers:
    """The sensor's side of the bus; a reading comes when `measure` says so."""

    def __init__(self) -> None:
        self.values = bytearray(0x80)
        self.values[0x75] = 0x68
        self.fifo = bytearray()
        self.overflow = False
        self.fails_at: set[int] = set()
        """Numbers of the transfers from now on that nobody acknowledges."""
        self.transfers = 0

    def measure(self, reading: Reading) -> None:
        if self.values[0x6A] & 0x40 and self.values[0x23] == 0x78:
            self.fifo += struct.pack(">6h", *reading)
            self.overflow |= len(self.fifo) > FIFO_BYTES
            del self.fifo[: max(0, len(self.fifo) - FIFO_BYTES)]

    def write(self, address: int, value: int) -> bool:
        if self._fails():
            return False
        if address == 0x6B and value & 0x80:
            self.__init__()  # type: ignore[misc]  # what a reset is
        elif address == 0x6A and value & 0x04:
            self.fifo.clear()
        else:
            self.values[address] = value
        return True

    def read(self, address: int, size: int) -> bytes | None:
        if self._fails():
            return None
        if address == 0x74:
            taken = bytes(self.fifo[:size])
            del self.fifo[:size]
            return taken
        if address == 0x72:
            return struct.pack(">H", len(self.fifo))
        if address == 0x3A:
            status, self.overflow = 0x10 * self.overflow, False
            return bytes([status])
        return bytes(self.values[address : address + size])

    def _fails(self) -> bool:
        self.transfers += 1
        return self.transfers in self.fails_at


def drain(driver: Driver, now: int) -> list[Fetched]:
    """All readings that are there."""
    return list(iter(lambda: driver.fetch(now), None))


@pytest.fixture
def registers() -> Registers:
    return Registers()


@pytest.fixture
def driver(sampling: Sampling, registers: Registers) -> Driver:
    return sampling.driver(registers)


def reading(number: int) -> Reading:
    """Tells which one it is."""
    return (number, -number, 8192, 655, -655, number)


def test_the_sensor_is_set_to_50_hz_4_g_and_500_degrees_per_second(
    driver: Driver, registers: Registers
) -> None:
    assert driver.reset() is None
    assert driver.start(0) is None
    values = registers.values
    filters = values[0x1A] & 7
    assert filters not in (0, 7)  # then the sampling clock is 1 kHz
    assert 1000 / (1 + values[0x19]) == 50
    assert values[0x1C] >> 3 & 3 == 1
    assert values[0x1B] >> 3 & 3 == 1
    assert values[0x6B] & 0x40 == 0  # awake


@given(counts=st.tuples(*[at_full_scale] * 6))
@settings(max_examples=30)
def test_readings_come_in_g_and_rad_per_second(sampling: Sampling, counts: Reading) -> None:
    registers = Registers()
    driver = sampling.driver(registers)
    assert driver.start(0) is None
    registers.measure(counts)
    fetched = driver.fetch(PERIOD)
    assert fetched is not None
    number, values = fetched
    expected = [*(c / 8192 for c in counts[:3]), *(np.deg2rad(c / 65.5) for c in counts[3:])]
    assert number == 0
    assert values == pytest.approx(expected, rel=1e-6)


def test_the_ends_of_the_ranges_are_4_g_and_500_degrees_per_second(
    driver: Driver, registers: Registers
) -> None:
    driver.start(0)
    registers.measure((-32768, 0, 0, -32750, 0, 0))
    fetched = driver.fetch(PERIOD)
    assert fetched is not None
    assert fetched[1][0] == -4.0
    assert np.rad2deg(fetched[1][3]) == pytest.approx(-500.0)


@given(bursts=st.lists(st.integers(0, 85), max_size=6))
@settings(max_examples=30)
def test_no_reading_is_lost_while_nobody_asks_for_up_to_85(
    sampling: Sampling, bursts: list[int]
) -> None:
    registers = Registers()
    driver = sampling.driver(registers)
    driver.start(0)
    measured, seen = 0, []
    for burst in bursts:
        for _ in range(burst):
            registers.measure(reading(measured))
            measured += 1
        seen += drain(driver, measured * PERIOD)
    assert [number for number, _ in seen] == list(range(measured))
    assert [round(values[0] * 8192) for _, values in seen] == list(range(measured))


def test_a_fifo_that_ran_over_shows_as_a_gap(driver: Driver, registers: Registers) -> None:
    driver.start(0)
    for number in range(200):
        registers.measure(reading(number))
    assert drain(driver, 200 * PERIOD) == []
    registers.measure(reading(200))
    ((number, values),) = drain(driver, 201 * PERIOD)
    assert number == 200
    assert round(values[0] * 8192) == 200


@given(fault=st.integers(0, 30), before=st.integers(0, 20))
@settings(max_examples=60)
def test_whatever_transfer_fails_readings_stay_whole_and_a_loss_shows(
    sampling: Sampling, fault: int, before: int
) -> None:
    registers = Registers()
    driver = sampling.driver(registers)
    driver.start(0)
    for number in range(before):
        registers.measure(reading(number))
    registers.fails_at = {registers.transfers + fault}
    seen = drain(driver, before * PERIOD)
    measured = before + 20  # far enough behind the fault for its loss to show
    for number in range(before, measured):
        registers.measure(reading(number))
        seen += drain(driver, (number + 1) * PERIOD)
    numbers = [number for number, _ in seen]
    assert numbers == sorted(set(numbers))
    for number, values in seen:
        # A reading's number may run ahead of it by what a loss counts at least, never behind.
        assert 0 <= number - round(values[0] * 8192) <= 1
        assert values[1] == -values[0]
    lost = measured - len(seen)
    assert lost == 0 or numbers != list(range(len(numbers)))


def test_a_faster_sensor_s_loss_shows_all_the_same(driver: Driver, registers: Registers) -> None:
    driver.start(0)
    for number in range(60):
        registers.measure(reading(number))
        driver.fetch(number * 1000)  # all come within three of our periods
    registers.overflow = True
    assert drain(driver, 60_000) == []
    registers.measure(reading(61))
    ((number, _),) = drain(driver, 61_000)
    assert number > 60


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda r: r.fails_at.add(1), "no MPU-6050 answers on the I2C bus"),
        (lambda r: r.values.__setitem__(0x75, 0x71), "WHO_AM_I is not 0x68"),
        (lambda r: r.fails_at.add(2), "refuses to be reset"),
    ],
)
def test_a_sensor_that_is_none_is_told(
    damage: object, why: str, driver: Driver, registers: Registers
) -> None:
    assert callable(damage)
    damage(registers)
    said = driver.reset()
    assert said is not None
    assert why in said


@pytest.mark.parametrize("transfer", range(1, 17))
def test_settings_that_are_not_taken_are_told(
    transfer: int, driver: Driver, registers: Registers
) -> None:
    registers.fails_at = {transfer}
    assert driver.start(0) == "the MPU-6050 does not take its settings"


def test_stopped_it_asks_for_nothing_but_stays_awake(driver: Driver, registers: Registers) -> None:
    driver.start(0)
    driver.stop()
    registers.measure(reading(0))
    assert registers.fifo == b""
    assert registers.values[0x38] == 0
    assert registers.values[0x6B] & 0x40 == 0


class Held:
    """A bus whose data line the sensor holds low for so many clocks yet."""

    def __init__(self, clocks: int) -> None:
        self.left, self.ours, self.levels = clocks, True, [True]

    def scl(self, level: bool) -> None:
        if level and not self.levels[-1]:
            self.left = max(self.left - 1, 0)
        self.levels.append(level)

    def sda(self, level: bool) -> None:
        self.ours = level

    def sense(self) -> bool:
        return self.ours and not self.left


@pytest.mark.parametrize("clocks", [0, 1, 8, 9, 10, 11])
def test_a_sensor_that_holds_the_bus_is_clocked_free(sampling: Sampling, clocks: int) -> None:
    bus = Held(clocks)
    assert sampling.free_bus(bus) == (
        clocks <= 10
    )  # nine clocks, and the one of the stop condition
    assert (bus.levels[-1], bus.ours) == (True, True)
    pulses = sum(later > earlier for earlier, later in pairwise(bus.levels))
    assert pulses == min(clocks, 9) + 1
