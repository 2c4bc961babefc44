"""What is drawn of a trace: the record's own current, every spike, every sample at the edges."""

import base64
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bench.measurement.trace import Trace
from bench.report.html.waveforms import (
    FEWEST,
    PAGE_BYTES,
    POINTS,
    Room,
    Waveform,
    room_for,
    waveforms,
)
from tests.unit import records, waves

CURRENT, VOLTAGE, MARKER = range(3)
Values = NDArray[np.float64]


class Decoded:
    """A waveform read as the page's script reads it."""

    def __init__(self, waveform: Waveform) -> None:
        assert waveform.missing == ""
        self.meta = json.loads(waveform.meta)
        steps = np.frombuffer(base64.b64decode(waveform.data), "<u2").astype(float)
        spans = [count for _, count in self.meta["spans"]]
        parts = np.split(steps, np.cumsum([self.meta["bins"], self.meta["bins"], *spans] * 3)[:-1])
        self.values = len(steps)
        self.signals: list[list[Values]] = []
        for place, (low, high) in enumerate(self.meta["ranges"]):
            own = parts[4 * place : 4 * place + 4]
            self.signals.append([low + (high - low) * part / 65535 for part in own])


def decoded(folder: Path, sampled: Trace, points: int = POINTS) -> Decoded:
    measurement = records.measurement(1e-3).model_copy(
        update={"windows": (waves.window(folder, "a.tdms", sampled),)}
    )
    (waveform,) = waveforms(measurement, folder, Room(points))
    return Decoded(waveform)


def test_the_current_is_the_records_own(tmp_path: Path) -> None:
    sampled = waves.trace()
    drawn = decoded(tmp_path, sampled)
    rise = drawn.signals[CURRENT][2]
    first, count = drawn.meta["spans"][0]
    expected = sampled.shunt[first : first + count] / waves.SHUNT * 1e3
    assert rise == pytest.approx(expected, abs=0.002)  # mA


def test_the_envelope_loses_no_spike(tmp_path: Path) -> None:
    sampled = waves.trace(spike=2500)
    low, high, *_ = decoded(tmp_path, sampled).signals[CURRENT]
    assert high.max() == pytest.approx(60.0, abs=0.01)
    assert np.count_nonzero(high > 50.0) == 1
    assert low.min() == pytest.approx(sampled.shunt.min() / waves.SHUNT * 1e3, abs=0.01)
    assert (low <= high).all()


@pytest.mark.parametrize("points", [POINTS, 500])
def test_an_envelope_has_at_most_so_many_values(tmp_path: Path, points: int) -> None:
    drawn = decoded(tmp_path, waves.trace(), points)
    assert 2 * drawn.meta["bins"] <= points
    assert drawn.values == 3 * (2 * drawn.meta["bins"] + sum(n for _, n in drawn.meta["spans"]))


def test_every_sample_is_kept_two_ms_around_each_edge(tmp_path: Path) -> None:
    sampled = waves.trace()
    drawn = decoded(tmp_path, sampled)
    assert drawn.meta["begin"] == pytest.approx(waves.PRE - 0.5)
    assert drawn.meta["end"] == pytest.approx(waves.PRE + waves.INSIDE - 0.5)
    for (first, count), edge in zip(drawn.meta["spans"], (100, 5100), strict=True):
        assert first == max(0, edge - 201)
        assert first + count == min(len(sampled), edge + 201)
    marker = drawn.signals[MARKER][3]
    assert np.flatnonzero(np.diff(marker) < -3.0) == [200]


def test_a_trace_of_few_samples_is_drawn_whole(tmp_path: Path) -> None:
    sampled = waves.trace()
    short = replace(
        sampled, supply=sampled.supply[:120], shunt=sampled.shunt[:120], marker=sampled.marker[:120]
    )
    drawn = decoded(tmp_path, short)
    assert drawn.meta["bins"] == 120
    low, high, *_ = drawn.signals[VOLTAGE]
    assert (low == high).all()


def test_without_a_marker_or_current_something_is_drawn(tmp_path: Path) -> None:
    sampled = waves.trace()
    flat = replace(sampled, shunt=0.0 * sampled.shunt, marker=0.0 * sampled.marker)
    drawn = decoded(tmp_path, flat)
    assert drawn.meta["begin"] == 0.0
    assert (drawn.signals[CURRENT][0] == 0.0).all()


def missing(folder: Path, damage: str) -> str:
    measurement = records.measurement(1e-3).model_copy(
        update={"windows": (waves.window(folder, "a.tdms", waves.trace()),)}
    )
    path = folder / "a.tdms"
    if damage == "gone":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:5000])
    elif damage == "other":
        waves.window(folder, "a.tdms", waves.trace(spike=7))
    (waveform,) = waveforms(measurement, folder, Room())
    return waveform.missing


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("gone", "the trace file a.tdms is not in"),
        ("cut", "take the file that belongs to this record"),
        ("other", "take the file that belongs to this record"),
    ],
)
def test_a_trace_that_is_not_the_records_own_is_told(
    tmp_path: Path, damage: str, words: str
) -> None:
    assert words in missing(tmp_path, damage)


def test_windows_that_a_page_has_no_room_for_are_told(tmp_path: Path) -> None:
    record = waves.with_windows(records.variant("C_1-L", energy=1e-3), tmp_path, count=3)
    assert record.measurement is not None
    drawn = waveforms(record.measurement, tmp_path, Room(FEWEST, 2))
    assert [bool(waveform.data) for waveform in drawn] == [True, True, False]
    assert "left out" in drawn[2].missing


@given(st.lists(st.integers(1, 500), min_size=1, max_size=200))
def test_any_number_of_windows_fits_the_page(windows: list[int]) -> None:
    room = room_for(windows)
    assert FEWEST <= room.points <= POINTS
    drawn = sum(min(count, room.windows) for count in windows)
    taken = drawn * 3 * (room.points + 800) * 2 * 4 / 3
    assert taken <= 1.01 * PAGE_BYTES or room.windows == 1


def test_five_windows_of_42_variants_are_drawn_in_full() -> None:
    assert room_for([5] * 42) == Room(POINTS)
