"""The core's window over live samples, against a plain list that starts afresh after each gap."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.firmware.sampling import CHANNELS, WINDOW, Sampling

STEP = 64
STATIC_BYTES = 4096
"""What the ring may take of the device's memory: 3,072 bytes are the window itself."""


@dataclass
class Reference:
    """What a window is: the last 128 samples since a gap, at 128 of them and every 64 from there.

    Attributes:
        samples: Number and first value of each sample since the last gap.
    """

    samples: list[float] = field(default_factory=list)
    last: int | None = None
    late: bool = False
    counts: tuple[int, int, int, int] = (0, 0, 0, 0)

    def push(self, number: int, value: float) -> list[float] | None:
        """The window's first values where it is complete."""
        pushed, gaps, missing, windows = self.counts
        following = self.last is None or number == self.last + 1
        if not following or (self.late and self.last is not None):
            self.samples.clear()
            gaps += 1
            missing += 0 if self.last is None else number - self.last - 1
        self.late, self.last = False, number
        self.samples.append(value)
        complete = len(self.samples) >= WINDOW and (len(self.samples) - WINDOW) % STEP == 0
        self.counts = pushed + 1, gaps, missing, windows + complete
        return self.samples[-WINDOW:] if complete else None


def row(value: float) -> list[float]:
    return [value + channel / 8.0 for channel in range(CHANNELS)]


RUNS = st.lists(
    st.tuples(
        st.sampled_from([1, 2, 63, 64, 127, 128, 129, 191, 192, 193, 300]),
        st.sampled_from([0, 0, 1, 2, 85]),  # samples that are missing behind it
        st.booleans(),  # whether the next one is late
    ),
    max_size=6,
)


@settings(max_examples=40, deadline=None)  # how long one takes is the machine's affair
@given(RUNS, st.sampled_from([0, 7, 2**32 - 200]))
def test_windows_are_those_of_the_reference(
    sampling: Sampling, runs: list[tuple[int, int, bool]], first: int
) -> None:
    number, reference = first, Reference()
    tested = sampling.buffer()
    for length, missing, late in runs:
        for _ in range(length):
            value = float(number - first)
            expected = reference.push(number, value)
            assert tested.push(number % 2**32, row(value)) == (expected is not None)
            if expected is not None:
                assert tested.window.tolist() == [row(each) for each in expected]
            number += 1
        number += missing
        if late:
            tested.interrupt()
            reference.late = True
    assert tested.counts == reference.counts


def test_neighbouring_windows_share_half_of_their_samples(sampling: Sampling) -> None:
    tested = sampling.buffer()
    windows = [tested.window for number in range(320) if tested.push(number, row(number))]
    assert [window[0, 0] for window in windows] == [0, 64, 128, 192]
    for one, next_one in pairwise(windows):
        np.testing.assert_array_equal(one[STEP:], next_one[:STEP])


def test_no_window_spans_a_gap_of_one_sample(sampling: Sampling) -> None:
    tested = sampling.buffer()
    complete = [number for number in range(400) if number != 200 and tested.push(number, row(0))]
    assert complete == [127, 191, 328, 392]
    assert tested.counts == (399, 1, 1, 4)


def test_being_late_before_the_first_sample_is_no_gap(sampling: Sampling) -> None:
    tested = sampling.buffer()
    tested.interrupt()
    tested.push(5, row(0))
    assert tested.counts == (1, 0, 0, 0)


def test_a_cleared_buffer_is_as_new(sampling: Sampling) -> None:
    tested = sampling.buffer()
    for number in range(150):
        tested.push(number, row(number))
    tested.clear()
    assert tested.counts == (0, 0, 0, 0)
    assert [number for number in range(192) if tested.push(number, row(number))] == [127, 191]
    assert tested.window[0, 0] == 64


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.0, 1e-45])
def test_values_are_kept_to_the_bit(sampling: Sampling, value: float) -> None:
    tested = sampling.buffer()
    for number in range(WINDOW):
        tested.push(number, [value] * CHANNELS)
    assert tested.window.tobytes() == np.full((WINDOW, CHANNELS), value, "<f4").tobytes()


def test_it_takes_little_more_memory_than_a_window(sampling: Sampling) -> None:
    assert sampling.buffer().size <= STATIC_BYTES
