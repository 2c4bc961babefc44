import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import MeasurementError
from bench.measurement.capture import plan_window, trace_limits
from bench.measurement.declared import circuit_of, figures_of
from bench.station.configuration import load_station

STATION = load_station(Path(__file__).parents[2] / "stations" / "twin.toml")


@given(st.floats(1e-4, 2.0), st.sampled_from([None, 1, 10, 100]))
def test_plan_holds_the_window_and_ten_time_constants_on_both_sides(
    latency: float, inferences: int | None
) -> None:
    plan = plan_window(STATION, latency, inferences)
    settling = 10 * 9.8 * 10e-6
    assert plan.pre / plan.rate >= settling
    assert plan.post / plan.rate >= plan.inferences * latency + settling
    assert plan.warm_up * latency >= settling
    assert plan.samples == plan.pre + plan.post


@pytest.mark.parametrize(
    ("latency", "inferences"), [(0.8e-3, 625), (14e-3, 36), (0.05, 10), (1.5, 10)]
)
def test_default_window_is_half_a_second_and_at_least_ten(latency: float, inferences: int) -> None:
    assert plan_window(STATION, latency).inferences == inferences


@pytest.mark.parametrize("latency", [0.0, -1.0, math.nan, math.inf])
def test_senseless_latency_is_refused(latency: float) -> None:
    with pytest.raises(MeasurementError, match="latency"):
        plan_window(STATION, latency)


def test_window_without_inference_is_refused() -> None:
    with pytest.raises(MeasurementError, match="0 inferences"):
        plan_window(STATION, 1e-3, 0)


def test_limits_are_the_stations() -> None:
    limits = trace_limits(STATION, 1234)
    assert limits.samples == 1234
    assert (limits.supply_range, limits.shunt_range) == (5.0, 1.0)
    assert limits.minimum_voltage == STATION.device.minimum_voltage
    assert limits.shortest_window == pytest.approx(0.98e-3)


def test_figures_are_the_stations_in_volts() -> None:
    figures = figures_of(STATION)
    records = STATION.calibration
    shunt, supply = (records.card.of_range(full) for full in (1.0, 5.0))
    assert figures.shunt.standard == pytest.approx(records.shunt.uncertainty.standard)
    assert figures.shunt_temperature.size == pytest.approx(20e-6 * 3.0)
    assert figures.shunt_voltage.gain.size == pytest.approx(shunt.residual_gain)
    assert figures.shunt_voltage.gain_temperature.size == pytest.approx(13e-6 * 1 + 1e-6 * 10)
    assert figures.supply.offset.size == pytest.approx(5.0 * supply.residual_offset)
    assert figures.supply.offset_temperature.size == pytest.approx(5.0 * 21e-6)
    assert figures.supply.drift.standard == pytest.approx(0.1 * 5.0 * 41e-6)
    assert figures.supply.linearity.size == pytest.approx(5.0 * supply.inl)
    assert figures.supply.step == pytest.approx(160.2e-6, rel=1e-3)  # 16 bits over 105 % of +-5 V
    assert circuit_of(STATION).time_constant == pytest.approx(98e-6)


def test_parts_that_warm_between_runs_are_off_by_their_coefficients() -> None:
    ambient = STATION.ambient.model_copy(update={"warming": 2.0})
    figures = figures_of(STATION.model_copy(update={"ambient": ambient}))
    assert figures.shunt_warming.size == pytest.approx(2.0 * 20e-6)
    assert figures.supply.gain_warming.size == pytest.approx(2.0 * 13e-6)
    assert figures_of(STATION).shunt_warming.size == 0.0
