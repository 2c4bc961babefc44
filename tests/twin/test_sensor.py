"""The twin's MPU-6050: what it plays, what waits in its FIFO, and what sampling draws."""

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
from bench.twin.sensor import AT_REST, PERIOD_US, Fifo, Sampling, SensorFileError, Stream
from bench.twin.world import World

DEPTH = 85
SETTINGS = Settings()


def stream(numbers: list[int]) -> Stream:
    samples = np.arange(6 * len(numbers), dtype=np.int16).reshape(-1, 6)
    return Stream(samples, np.array(numbers, np.int64), numbers[-1] + 2)


def numbers_of(steps: list[int]) -> list[int]:
    return [int(number) for number in np.cumsum([0, *steps])]


@pytest.fixture
def world() -> World:
    world = World()
    world.connect(3.3)
    return world


@pytest.fixture
def chip(world: World) -> Boot:
    return Boot(world, Flash(), lambda _data, _baud: None, 115200)


def test_readings_come_at_50_hz_from_a_period_after_the_start() -> None:
    fifo = Fifo(stream([0, 1, 2]), start_us=1000)
    assert fifo.take(1000 + PERIOD_US - 1) is None
    assert fifo.due_us == 1000 + PERIOD_US
    first = fifo.take(1000 + PERIOD_US)
    assert first is not None
    assert (first.number, first.registers.tolist()) == (0, [0, 1, 2, 3, 4, 5])
    assert fifo.due_us == 1000 + 2 * PERIOD_US


@given(st.lists(st.integers(1, 4), max_size=20), st.lists(st.integers(0, 400), max_size=30))
def test_what_is_fetched_in_time_is_all_there_is(steps: list[int], waits: list[int]) -> None:
    """Against a plain list of when each reading is due, whatever the pauses between the fetches."""
    played = stream(numbers_of(steps))
    end = sum(waits)
    due = [played.number(index) + 1 for index in range(end + 1)]
    fifo, now, waiting, pushed = Fifo(played, 0), 0, list[int](), 0
    for wait in waits:
        now += wait
        while due[pushed] <= now:
            waiting = [*waiting, pushed][-DEPTH:]
            pushed += 1
        expected = waiting.pop(0) if waiting else None
        taken = fifo.take(now * PERIOD_US)
        if expected is None:
            assert taken is None
        else:
            assert taken is not None
            assert taken.number == due[expected] - 1
            assert taken.registers.tolist() == played.sample(expected).tolist()


def test_the_stream_begins_again_after_a_break() -> None:
    played = stream([0, 1, 4])
    assert [played.number(index) for index in range(7)] == [0, 1, 4, 6, 7, 10, 12]
    assert played.sample(4).tolist() == played.sample(1).tolist()


def test_without_a_file_it_lies_still_without_a_break() -> None:
    assert [AT_REST.number(index) for index in range(3)] == [0, 1, 2]
    assert AT_REST.sample(2).tolist() == [0, 0, 8192, 0, 0, 0]


def test_the_chip_sleeps_until_a_sample_is_due(world: World, chip: Boot) -> None:
    sampling = Sampling(chip, SETTINGS, AT_REST)
    sampling.start()
    begin = world.now
    for number in range(50):
        reading = sampling.read(PERIOD_US * 2)
        assert reading is not None
        assert reading.number == number
    live = constants().live
    awake = live.wake.value + live.burst.value
    assert world.now - begin == pytest.approx(50 * 0.02 + awake, abs=2e-6)
    volts = 3.3
    charge = 50 * (SETTINGS.sleep_amps * (0.02 - awake) + SETTINGS.idle_amps * awake)
    assert world.energy(begin, world.now) == pytest.approx(charge * volts, rel=0.03)
    assert SETTINGS.sleep_amps == pytest.approx(0.0046)


def test_samples_that_wait_are_read_without_sleeping(world: World, chip: Boot) -> None:
    sampling = Sampling(chip, SETTINGS, AT_REST)
    sampling.start()
    chip.run(((SETTINGS.idle_amps, 1.0),))
    begin = world.now
    numbers = [reading.number for _ in range(40) if (reading := sampling.read(PERIOD_US))]
    assert numbers == list(range(40))
    assert world.now - begin == pytest.approx(40 * constants().live.burst.value, rel=1e-3)


def test_what_overflows_the_fifo_is_lost(chip: Boot) -> None:
    sampling = Sampling(chip, SETTINGS, AT_REST)
    sampling.start()
    chip.run(((SETTINGS.idle_amps, 2.0),))  # 100 readings, of which 85 have room
    reading = sampling.read(PERIOD_US)
    assert reading is not None
    assert reading.number == 100 - DEPTH


def test_a_reading_that_is_late_is_waited_for_no_longer_than_told(world: World, chip: Boot) -> None:
    sampling = Sampling(chip, SETTINGS, stream([0, 5]))
    sampling.start()
    assert sampling.read(30_000) is not None
    begin = world.now
    assert sampling.read(30_000) is None
    assert world.now - begin == pytest.approx(0.03 + constants().live.wake.value, abs=1e-6)
    late = sampling.read(100_000)
    assert late is not None
    assert late.number == 5


def test_each_start_plays_the_stream_from_its_beginning(chip: Boot) -> None:
    sampling = Sampling(chip, SETTINGS, stream([0, 1, 2, 3]))
    for _ in range(2):
        sampling.start()
        chip.run(((SETTINGS.idle_amps, 0.05),))
        reading = sampling.read(PERIOD_US)
        assert reading is not None
        assert reading.number == 0


def _write(path: Path, **arrays: NDArray[np.generic]) -> Path:
    with path.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # numpy types its flag among the arrays
    return path


def test_a_file_is_played_as_written(tmp_path: Path) -> None:
    samples, numbers = np.ones((2, 6), np.int16), np.array([0, 3], np.int64)
    played = Stream.load(_write(tmp_path / "s.npz", samples=samples, numbers=numbers))
    assert played.numbers.tolist() == [0, 3]
    assert played.sample(1).tolist() == [1] * 6
    assert played.number(2) == 5


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({}, "no stream for the sensor"),
        ({"samples": np.zeros((2, 6), np.float32), "numbers": np.arange(2)}, "samples are float32"),
        ({"samples": np.zeros((2, 3), np.int16), "numbers": np.arange(2)}, r"\(2, 3\)"),
        ({"samples": np.zeros((2, 6), np.int16), "numbers": np.array([0, 0])}, "numbers are int64"),
        ({"samples": np.zeros((0, 6), np.int16), "numbers": np.arange(0)}, "rise from 0"),
    ],
)
def test_a_file_that_is_no_stream_is_named(
    tmp_path: Path, arrays: dict[str, NDArray[np.generic]], said: str
) -> None:
    path = _write(tmp_path / "s.npz", **arrays)
    with pytest.raises(SensorFileError, match=said) as error:
        Stream.load(path)
    assert str(path) in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SensorFileError, match="no stream for the sensor"):
        Stream.load(tmp_path / "none.npz")
