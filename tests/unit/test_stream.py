"""The stream that live mode is tested with: stitched from windows, in the sensor's own steps."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.catalog import ACTIVITIES, CHANNELS, WINDOW_SAMPLES
from models.errors import DatasetError
from models.stream import (
    BREAK,
    STEP,
    STEPS,
    STRETCH_WINDOWS,
    physical,
    quantised,
    stitched,
    stretches,
)
from models.surrogate import surrogate
from models.windows import Windows


def cut(recordings: list[tuple[int, int, int]], seed: int = 0) -> Windows:
    """Windows cut from random recordings, each given by its label, subject and window count."""
    draw = np.random.default_rng(seed)
    x, y, subjects = [], [], []
    for label, subject, count in recordings:
        length = (count + 1) * STEP
        recording = draw.normal(0.0, 1.0, (length, CHANNELS)).astype(np.float32)
        for index in range(count):
            x.append(recording[index * STEP : index * STEP + WINDOW_SAMPLES])
            y.append(label)
            subjects.append(subject)
    return Windows(np.stack(x), np.array(y, np.int64), np.array(subjects, np.int64))


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(1, 3), st.integers(1, 6)), min_size=1, max_size=6
    )
)
def test_windows_are_joined_where_they_were_cut_and_nowhere_else(
    recordings: list[tuple[int, int, int]],
) -> None:
    found = stretches(cut(recordings))
    ends = np.cumsum([count for _, _, count in recordings]).tolist()
    assert found == [range(b, e) for b, e in zip([0, *ends], ends, strict=False)]


def test_windows_of_different_people_are_not_joined_however_equal() -> None:
    windows = cut([(0, 1, 4)])
    others = Windows(windows.x, windows.y, np.array([1, 1, 2, 2], np.int64))
    assert stretches(others) == [range(0, 2), range(2, 4)]


def test_the_stream_cut_anew_gives_the_windows_that_it_was_made_of() -> None:
    test = surrogate(0).of([1, 2])
    stream = stitched(test)
    assert len(stream.windows) == STRETCH_WINDOWS * len(ACTIVITIES)
    originals = {window.tobytes() for window in physical(quantised(test.x))}
    assert {window.tobytes() for window in stream.windows.x} <= originals
    seen = _collected(stream.samples, stream.periods)
    np.testing.assert_array_equal(seen, stream.windows.x)


def _collected(samples: NDArray[np.int16], periods: NDArray[np.int64]) -> NDArray[np.float32]:
    """Windows as a device collects them: 128 readings without a gap, then every 64."""
    windows = []
    for piece in np.split(samples, np.flatnonzero(np.diff(periods) != 1) + 1):
        starts = range(0, len(piece) - WINDOW_SAMPLES + 1, STEP)
        windows += [physical(piece[start : start + WINDOW_SAMPLES]) for start in starts]
    return np.stack(windows)


def test_each_activity_has_its_stretch_with_silence_between() -> None:
    stream = stitched(surrogate(0).of([3]))
    assert sorted(set(stream.windows.y.tolist())) == list(range(len(ACTIVITIES)))
    assert stream.breaks == len(ACTIVITIES) - 1
    assert set(np.diff(stream.periods).tolist()) == {1, BREAK + 1}
    assert stream.periods[0] == 0
    assert len(stream.samples) == len(stream.periods)


def test_the_same_seed_gives_the_same_stream() -> None:
    test = surrogate(0).of([4, 5])
    assert stitched(test).samples.tobytes() == stitched(test).samples.tobytes()
    assert stitched(test).samples.tobytes() != stitched(test, seed=1).samples.tobytes()


def test_values_are_rounded_to_the_sensors_steps_and_clipped_at_its_range() -> None:
    values = np.array([[1.0, -4.5, 4.5, np.pi / 180.0, -9.0, 9.0]], dtype=np.float32)
    assert quantised(values).tolist() == [[8192, -32768, 32767, 66, -32768, 32767]]


@given(st.lists(st.floats(-3.875, 3.875, width=32), min_size=CHANNELS, max_size=CHANNELS))
def test_quantisation_is_at_most_half_a_step_off(values: list[float]) -> None:
    x = np.array([values], dtype=np.float32)
    error = np.abs(physical(quantised(x)).astype(np.float64) - x)
    # Quotient and product are rounded to float32: at 14,500 steps 0.001 of a step each.
    assert (error <= 0.502 * STEPS).all()


def test_windows_that_do_not_follow_each_other_make_no_stream() -> None:
    shuffled = cut([(label, 1, 1) for label in range(6)])
    with pytest.raises(DatasetError, match="in the order of their recording"):
        stitched(shuffled)


def test_the_file_holds_what_the_sensor_needs(tmp_path: Path) -> None:
    stream = stitched(surrogate(0).of([6]))
    stream.write(tmp_path / "stream.npz")
    with np.load(tmp_path / "stream.npz", allow_pickle=False) as arrays:
        assert set(arrays) == {"samples", "periods"}
        assert arrays["samples"].dtype == np.int16
        np.testing.assert_array_equal(arrays["periods"], stream.periods)
