from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.measurement.integrity import (
    FlatLineError,
    InvalidSampleError,
    MarkerExtraError,
    MarkerLateError,
    MarkerMissingError,
    SampleCountError,
    SaturationError,
    ShortWindowError,
    SwappedChannelsError,
    TraceLimits,
    UnderVoltageError,
)
from bench.measurement.trace import Floats, Trace
from bench.measurement.windows import find_idle, find_window

SAMPLES, RISE, FALL = 3000, 500, 2600
LIMITS = TraceLimits(
    samples=SAMPLES,
    supply_range=5.0,
    shunt_range=1.0,
    minimum_voltage=2.7,
    marker_threshold=1.65,
    shortest_window=1e-3,
)


def noisy(level: float, rms: float, seed: int) -> Floats:
    return level + np.random.default_rng(seed).normal(0.0, rms, SAMPLES)


def good_marker() -> Floats:
    marker = noisy(0.0, 1e-3, 3)
    marker[RISE:FALL] += 3.3
    return marker


def good_trace() -> Trace:
    return Trace(100e3, RISE, noisy(3.3, 1.4e-4, 1), noisy(0.4, 3.2e-5, 2), good_marker())


def changed(name: str, begin: int, end: int, value: float) -> Trace:
    trace = good_trace()
    samples = getattr(trace, name).copy()
    samples[begin:end] = value
    return replace(trace, **{name: samples})


def test_window_lies_between_the_marker_crossings() -> None:
    window = find_window(good_trace(), LIMITS)
    assert window.begin == pytest.approx(RISE - 0.5, abs=2e-3)
    assert window.end == pytest.approx(FALL - 0.5, abs=2e-3)


@settings(max_examples=60)
@given(st.floats(RISE - 1.0, RISE + 1.0), st.floats(1500.0, 2900.0), st.floats(0.1, 8.0), st.data())
def test_crossings_of_a_slow_marker_are_found_within_its_noise(
    rise: float, fall: float, slope: float, data: st.DataObject
) -> None:
    """The edges ramp over `slope` samples about the drawn crossings."""
    index = np.arange(SAMPLES)
    up = np.clip((index - rise) / slope + 0.5, 0.0, 1.0)
    down = np.clip((index - fall) / slope + 0.5, 0.0, 1.0)
    noise = 1e-3 * np.random.default_rng(data.draw(st.integers(0, 99))).normal(size=SAMPLES)
    trace = replace(good_trace(), marker=3.3 * (up - down) + noise)
    window = find_window(trace, LIMITS)
    # One sample to the next is a straight line only where both lie on the ramp.
    tolerance = 0.02 + (0.5 if slope < 3.0 else 0.0)
    assert window.begin == pytest.approx(rise, abs=tolerance)
    assert window.end == pytest.approx(fall, abs=tolerance)


def test_noise_about_the_threshold_is_no_further_edge() -> None:
    marker = good_marker()
    marker[RISE - 2 : RISE + 5] = [1.5, 1.7, 1.6, 1.7, 1.6, 1.75, 3.3]
    window = find_window(replace(good_trace(), marker=marker), LIMITS)
    assert RISE - 2 < window.begin < RISE - 1


def test_marker_missing() -> None:
    with pytest.raises(MarkerMissingError, match="no marker"):
        find_window(changed("marker", 0, SAMPLES, 0.003), LIMITS)


def test_marker_still_high_at_the_end() -> None:
    with pytest.raises(MarkerMissingError, match="still high"):
        find_window(changed("marker", RISE, SAMPLES, 3.3), LIMITS)


def test_marker_high_from_the_start() -> None:
    with pytest.raises(MarkerMissingError, match="fall 2599"):
        find_window(changed("marker", 0, FALL, 3.3), LIMITS)


def test_marker_doubled() -> None:
    with pytest.raises(MarkerExtraError, match=r"rise 499.*fall 999.*rise 1009.*fall 2599"):
        find_window(changed("marker", 1000, 1010, 0.0), LIMITS)


@pytest.mark.parametrize("gap", [(100, 140), (2700, 2760)])
def test_a_second_marker_before_or_after_the_window(gap: tuple[int, int]) -> None:
    with pytest.raises(MarkerExtraError, match="wanted one rise and one fall"):
        find_window(changed("marker", *gap, 3.3), LIMITS)


def test_marker_late() -> None:
    with pytest.raises(MarkerLateError, match=r"\+19\.5 samples from the trigger"):
        find_window(changed("marker", RISE, RISE + 20, 0.0), LIMITS)


def test_window_shorter_than_the_decoupling_allows() -> None:
    with pytest.raises(ShortWindowError, match="21 ms, wanted at least 25 ms"):
        find_window(good_trace(), replace(LIMITS, shortest_window=25e-3))


@pytest.mark.parametrize("asked", [SAMPLES - 1, SAMPLES + 1])
def test_samples_lost_or_added(asked: int) -> None:
    with pytest.raises(SampleCountError, match=f"3000 samples, wanted {asked}"):
        find_window(good_trace(), replace(LIMITS, samples=asked))


def test_empty_trace() -> None:
    empty = np.empty(0)
    with pytest.raises(SampleCountError, match="0 samples"):
        find_window(Trace(1e5, 0, empty, empty, empty), replace(LIMITS, samples=0))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("channel", ["supply", "shunt", "marker"])
def test_readings_that_are_no_number(channel: str, value: float) -> None:
    with pytest.raises(InvalidSampleError, match=f"{channel} sample 700 is"):
        find_window(changed(channel, 700, 701, value), LIMITS)


@pytest.mark.parametrize(
    ("channel", "value"), [("supply", 5.0), ("supply", 5.25), ("shunt", 1.0), ("shunt", -1.0)]
)
def test_saturated_readings(channel: str, value: float) -> None:
    with pytest.raises(SaturationError, match=f"{channel} reaches {value:.5g} V, wanted less"):
        find_window(changed(channel, 1700, 1701, value), LIMITS)


@pytest.mark.parametrize("channel", ["supply", "shunt"])
def test_channel_that_stands_still(channel: str) -> None:
    with pytest.raises(FlatLineError, match=f"{channel} stays at"):
        find_window(changed(channel, 900, 1900, 0.4 if channel == "shunt" else 3.3), LIMITS)


def test_device_below_its_minimum_voltage() -> None:
    with pytest.raises(UnderVoltageError, match=r"2\.6\d* V at sample 1200"):
        find_window(changed("shunt", 1200, 1201, 0.65), LIMITS)


def test_swapped_channels_give_no_window() -> None:
    trace = good_trace()
    swapped = replace(trace, supply=trace.shunt, shunt=np.minimum(trace.supply, 1.05))
    with pytest.raises(SwappedChannelsError, match="exchange the leads"):
        find_window(swapped, LIMITS)


def test_idle_is_the_whole_trace() -> None:
    window = find_idle(changed("marker", 0, SAMPLES, 0.002), LIMITS)
    assert (window.begin, window.end) == (0.0, SAMPLES - 1.0)


def test_no_idle_while_the_marker_is_high() -> None:
    with pytest.raises(MarkerExtraError, match="should be idle"):
        find_idle(changed("marker", 0, SAMPLES - 1, 0.0), replace(LIMITS, marker_threshold=-1.0))
    with pytest.raises(MarkerExtraError, match="should be idle"):
        find_idle(good_trace(), LIMITS)


def test_faulty_idle_is_refused_too() -> None:
    with pytest.raises(InvalidSampleError):
        find_idle(changed("supply", 5, 6, float("nan")), LIMITS)
