"""What is said of live operation: what is wrong with it, and how long a battery lasts."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.device.live import LiveSession, LiveWindow
from bench.measurement.live import LiveFigures
from bench.measurement.uncertainty import Estimate
from bench.report.record import Report
from bench.run.live import MeasuredLive, Offline, live_properties, live_record, offline
from bench.run.summary import summary_lines
from models.flatbuffer import read
from models.manifest import Standardisation
from models.runtimes import run_litert
from models.stream import stitched
from models.surrogate import surrogate
from tests.unit import records

MODEL = (Path(__file__).parents[1] / "data" / "tiny-F.tflite").read_bytes()
OUTPUT = read(MODEL).output
STORED = np.array([[100, -128, -128, -100, -128, -128], [-128, -128, 80, -128, -128, -80]], np.int8)


def estimate(value: float, unit: str) -> Estimate:
    return Estimate("mean", unit, value, value / 1000, math.inf, 2.0, ())


def measured(stored: NDArray[np.int8] = STORED) -> MeasuredLive:
    outputs = OUTPUT.to_real(stored)
    windows = tuple(LiveWindow(int(row.argmax()), tuple(map(float, row))) for row in outputs)
    return MeasuredLive(
        session=LiveSession("light sleep", windows, samples=257, gaps=1, lost=0),
        figures=LiveFigures(estimate(0.016, "W"), estimate(0.005, "A"), duty=0.01, rate=50.01),
        trace="C_1-F-live.tdms",
        sha256="0" * 64,
    )


EXPECTED = Offline(MODEL, STORED, samples=257, gaps=1)


def problems(live: MeasuredLive, expected: Offline | None = EXPECTED) -> Sequence[str]:
    return live_record(live, expected, 3600.0).problems


def test_what_came_out_as_computed_offline_has_no_problem() -> None:
    record = live_record(measured(), EXPECTED, 3600.0)
    assert record.problems == ()
    assert record.predictions == record.offline == (0, 2)


def test_a_battery_lasts_capacity_over_mean_current() -> None:
    record = live_record(measured(), EXPECTED, 3600.0)
    assert record.battery_life == pytest.approx(3600.0 / 0.005)
    properties = live_properties(record)
    assert properties["battery / Ah"] == 1.0
    assert properties["battery life / d"] == pytest.approx(1000 / 5 / 24)
    assert properties["idle state"] == "light sleep"


SESSION = measured().session


@pytest.mark.parametrize(
    ("session", "said"),
    [
        (replace(SESSION, lost=3), "3 samples lost: it does not keep up with 50 Hz"),
        (replace(SESSION, gaps=0), "0 gaps, wanted 1"),
        (replace(SESSION, gaps=2), "2 gaps, wanted 1"),
        (replace(SESSION, samples=256), "256 samples taken of 257 in the stream"),
    ],
)
def test_what_the_device_counts_must_be_what_the_stream_has(
    session: LiveSession, said: str
) -> None:
    assert problems(replace(measured(), session=session)) == (said,)


@pytest.mark.parametrize(("rate", "kept"), [(48.9, False), (49.1, True), (51.1, False)])
def test_the_sensors_rate_must_be_that_of_the_training(rate: float, kept: bool) -> None:
    live = measured()
    found = problems(replace(live, figures=replace(live.figures, rate=rate)))
    assert (found == ()) == kept
    assert kept or "wanted 50 Hz" in found[0]


def test_predictions_must_be_the_offline_ones() -> None:
    (said,) = problems(measured(np.roll(STORED, 1, axis=1)))
    assert "predictions are not the offline ones" in said
    assert "2 of another class" in said


def test_on_hardware_rate_gaps_and_losses_alone_are_judged() -> None:
    live = measured(np.roll(STORED, 1, axis=1))
    without_gap = replace(live, session=replace(live.session, gaps=0))
    assert problems(without_gap, None) == ()
    assert problems(live, None) == ("1 gaps, wanted 0",)
    assert live_record(live, None, 3600.0).offline == ()


def test_offline_is_the_evaluations_runtime_on_what_the_sensor_has_rounded() -> None:
    stream = stitched(surrogate(0).of([1]))
    standardisation = Standardisation(mean=(0.5,) * 6, scale=(2.0,) * 6)
    found = offline(MODEL, standardisation, stream)
    standardised = standardisation.apply(stream.windows).x
    np.testing.assert_array_equal(found.outputs, run_litert(MODEL, standardised))
    assert standardised[0, 0, 0] == (stream.windows.x[0, 0, 0] - np.float32(0.5)) / np.float32(2)
    assert (found.samples, found.gaps) == (len(stream.samples), 5)


def table(*names: str) -> list[str]:
    variants = tuple(
        records.variant(name, energy=1e-4, fits=True).model_copy(
            update={"live": None if name == "C_2-F" else records.live(0.016 + index / 1000)}
        )
        for index, name in enumerate(names)
    )
    return summary_lines(Report(run=records.FACTS, variants=variants), 100)


def test_the_table_has_power_and_days_and_says_what_they_assume() -> None:
    *_, said, head, first, second = table("C_1-L", "C_1-F", "C_2-L", "C_2-F")
    assert "light sleep" in said
    assert "days on 1000 mAh" in said
    assert head.split() == ["live", "L", "F"]
    assert first.split() == ["C_1", "16.00", "mW,", "8.3", "d", "17.00", "mW,", "7.8", "d"]
    assert second.split() == ["C_2", "18.00", "mW,", "7.4", "d", "-"]


def test_the_table_is_silent_where_nothing_operated_live() -> None:
    assert not any("live" in line for line in table("C_2-F"))
