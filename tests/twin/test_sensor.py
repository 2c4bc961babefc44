"""The twin's MPU-6050 at its bus: what it plays, what its FIFO keeps, and what sampling draws."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bench.twin.constants import constants
from bench.twin.cost_model import Settings
from bench.twin.esp32.boot import Boot
from bench.twin.esp32.flash import Flash
from bench.twin.sampling import SensorBus
from bench.twin.sensor import AT_REST, SILENCE, Mpu6050, SensorFileError, Stream
from bench.twin.world import World

PERIOD = 20_000
FIFO = 1024
SETTINGS = Settings()
AS_THE_FIRMWARE_SETS_IT = {
    0x6B: 0x01, 0x19: 19, 0x1A: 4, 0x1B: 0x08, 0x1C: 0x08, 0x38: 0x01, 0x23: 0x78, 0x6A: 0x44,
}  # fmt: skip


def stream(periods: list[int]) -> Stream:
    samples = np.arange(6 * len(periods), dtype=np.int16).reshape(-1, 6)
    return Stream(samples, np.array(periods, np.int64), periods[-1] + SILENCE)


def periods_of(steps: list[int]) -> list[int]:
    return [int(period) for period in np.cumsum([0, *steps])]


def started(played: Stream, now: int = 0) -> Mpu6050:
    sensor = Mpu6050(played)
    for register, value in AS_THE_FIRMWARE_SETS_IT.items():
        sensor.write(register, value, now)
    return sensor


def waiting(sensor: Mpu6050, now: int) -> int:
    return int.from_bytes(sensor.read(0x72, 2, now), "big")


def rows(content: bytes) -> list[list[int]]:
    return np.frombuffer(content, ">i2").reshape(-1, 6).tolist()


@pytest.fixture
def world() -> World:
    world = World()
    world.connect(3.3)
    return world


@pytest.fixture
def chip(world: World) -> Boot:
    return Boot(world, Flash(), lambda _data, _baud: None, 115200)


def test_readings_come_at_50_hz_from_a_period_after_waking() -> None:
    sensor = started(stream([0, 1, 2]), now=1000)
    assert waiting(sensor, 1000 + PERIOD - 1) == 0
    assert waiting(sensor, 1000 + PERIOD) == 12
    assert rows(sensor.read(0x74, 12, 1000 + PERIOD)) == [[0, 1, 2, 3, 4, 5]]
    assert waiting(sensor, 1000 + 2 * PERIOD - 1) == 0


@given(
    st.lists(st.integers(1, 4), max_size=8),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 200)), max_size=30),
)
def test_the_fifo_keeps_the_newest_1024_bytes(
    steps: list[int], visits: list[tuple[int, int]]
) -> None:
    """Against a plain byte string to which each reading is appended when it is due."""
    played = stream(periods_of(steps))
    sensor, now, kept, appended = started(played), 0, b"", 0
    for pause, size in visits:
        now += pause * PERIOD
        lost = False
        while (played.period(appended) + 1) * PERIOD <= now:
            kept += played.rows(appended, appended + 1).astype(">i2").tobytes()
            lost, kept = lost or len(kept) > FIFO, kept[-FIFO:]
            appended += 1
        assert waiting(sensor, now) == len(kept)
        assert bool(sensor.read(0x3A, 1, now)[0] & 0x10) == lost
        expected, kept = kept[:size], kept[size:]
        assert sensor.read(0x74, size, now) == expected.ljust(size, b"\0")


def test_the_interrupt_is_held_until_the_status_is_read() -> None:
    sensor = started(stream([0, 1, 5]))
    assert sensor.interrupt_at(0) == PERIOD
    assert sensor.interrupt_at(PERIOD + 7) == PERIOD + 7
    assert sensor.read(0x3A, 1, PERIOD + 7) == b"\x01"
    assert sensor.interrupt_at(PERIOD + 8) == 2 * PERIOD
    assert sensor.read(0x3A, 1, 3 * PERIOD) == b"\x01"
    assert sensor.interrupt_at(3 * PERIOD) == 6 * PERIOD
    sensor.write(0x38, 0, 3 * PERIOD)
    assert sensor.interrupt_at(6 * PERIOD) is None


def test_waking_it_plays_the_stream_from_its_beginning() -> None:
    sensor = started(stream([0, 1, 2]))
    assert rows(sensor.read(0x74, 24, 2 * PERIOD))[1][0] == 6
    for register, value in AS_THE_FIRMWARE_SETS_IT.items():
        sensor.write(register, value, 2 * PERIOD)
    assert waiting(sensor, 2 * PERIOD) == 0
    assert rows(sensor.read(0x74, 12, 3 * PERIOD)) == [[0, 1, 2, 3, 4, 5]]


def test_the_stream_begins_again_after_a_silence() -> None:
    played = stream([0, 1, 4])
    assert [played.period(index) for index in range(5)] == [0, 1, 4, 4 + SILENCE, 5 + SILENCE]
    assert played.rows(2, 5)[:, 0].tolist() == [12, 0, 6]


def test_without_a_file_it_lies_still_without_a_pause() -> None:
    sensor = started(AT_REST)
    assert rows(sensor.read(0x74, 36, 3 * PERIOD)) == [[0, 0, 8192, 0, 0, 0]] * 3


def test_rate_and_ranges_are_those_that_are_set() -> None:
    sensor = started(Stream(np.full((1, 6), 8192, np.int16), np.zeros(1, np.int64), 1))
    sensor.write(0x19, 9, 0)  # 100 Hz
    sensor.write(0x1C, 0x00, 0)  # +-2 g: 8192 at 4 g are 16384
    sensor.write(0x1B, 0x10, 0)  # +-1000 degrees/s
    assert waiting(sensor, PERIOD) == 24
    assert rows(sensor.read(0x74, 12, PERIOD)) == [[16384] * 3 + [4096] * 3]
    sensor.write(0x1A, 0, 0)  # without the filter the clock is 8 kHz
    assert sensor.interrupt_at(0) == 1250


def test_out_of_reset_it_sleeps_and_says_who_it_is() -> None:
    sensor = started(AT_REST)
    sensor.write(0x6B, 0x80, 5 * PERIOD)
    assert sensor.read(0x75, 1, 6 * PERIOD) == b"\x68"
    assert sensor.read(0x6B, 1, 6 * PERIOD) == b"\x40"
    assert waiting(sensor, 10 * PERIOD) == 0
    assert sensor.interrupt_at(10 * PERIOD) is None


def test_resetting_the_fifo_drops_what_waits_and_nothing_else() -> None:
    sensor = started(stream([0, 1, 2]))
    sensor.write(0x6A, 0x04, PERIOD)
    assert waiting(sensor, PERIOD) == 0
    sensor.write(0x6A, 0x40, PERIOD)
    assert rows(sensor.read(0x74, 12, 2 * PERIOD))[0][0] == 6


def test_the_chip_sleeps_until_a_sample_is_due(world: World, chip: Boot) -> None:
    sensor = started(AT_REST, chip.micros())
    bus, begin = SensorBus(chip, SETTINGS, sensor), world.now
    for _ in range(50):
        bus.sleep(2 * PERIOD)
        assert bus.read(0x3A, 1) == b"\x01"
        assert rows(bus.read(0x74, 12)) == [[0, 0, 8192, 0, 0, 0]]
    live = constants().live
    awake = live.wake.value + (4 + 15) * live.bus_byte.value
    assert world.now - begin == pytest.approx(50 * 0.02 + awake, abs=5e-6)
    charge = 50 * (SETTINGS.sleep_amps * (0.02 - awake) + SETTINGS.idle_amps * awake)
    assert world.energy(begin, world.now) == pytest.approx(charge * 3.3, rel=0.03)
    assert SETTINGS.sleep_amps == pytest.approx(0.0046)


def test_the_chip_does_not_sleep_while_the_interrupt_is_held(world: World, chip: Boot) -> None:
    bus = SensorBus(chip, SETTINGS, started(AT_REST, chip.micros()))
    chip.run(((SETTINGS.idle_amps, 0.05),))
    begin = world.now
    bus.sleep(PERIOD)
    assert world.now == begin


def test_the_chip_sleeps_no_longer_than_told(world: World, chip: Boot) -> None:
    bus = SensorBus(chip, SETTINGS, Mpu6050(AT_REST))  # asleep itself: no interrupt will come
    begin = world.now
    bus.sleep(30_000)
    assert world.now - begin == pytest.approx(0.03 + constants().live.wake.value, abs=1e-6)


def _write(path: Path, arrays: dict[str, NDArray[np.generic]]) -> Path:
    with path.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # numpy types its flag among the arrays
    return path


def test_a_file_is_played_as_written(tmp_path: Path) -> None:
    samples, periods = np.ones((2, 6), np.int16), np.array([0, 3], np.int64)
    played = Stream.load(_write(tmp_path / "s.npz", {"samples": samples, "periods": periods}))
    assert played.periods.tolist() == [0, 3]
    assert played.rows(1, 2).tolist() == [[1] * 6]
    assert played.period(2) == 3 + SILENCE


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({}, "no stream for the sensor"),
        ({"samples": np.zeros((2, 6), np.float32), "periods": np.arange(2)}, "samples are float32"),
        ({"samples": np.zeros((2, 3), np.int16), "periods": np.arange(2)}, r"\(2, 3\)"),
        ({"samples": np.zeros((2, 6), np.int16), "periods": np.array([0, 0])}, "periods are int64"),
        ({"samples": np.zeros((0, 6), np.int16), "periods": np.arange(0)}, "rise from 0"),
    ],
)
def test_a_file_that_is_no_stream_is_named(
    tmp_path: Path, arrays: dict[str, NDArray[np.generic]], said: str
) -> None:
    path = _write(tmp_path / "s.npz", arrays)
    with pytest.raises(SensorFileError, match=said) as error:
        Stream.load(path)
    assert str(path) in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SensorFileError, match="no stream for the sensor"):
        Stream.load(tmp_path / "none.npz")
