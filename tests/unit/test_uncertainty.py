import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import MeasurementError
from bench.measurement import model
from bench.measurement.analysis import energies_of
from bench.measurement.energy import Circuit, WindowEnergy, window_energy
from bench.measurement.figures import ChannelFigures, Figures, Spread
from bench.measurement.model import Measurand
from bench.measurement.montecarlo import propagate
from bench.measurement.repeated import Series
from bench.measurement.trace import Floats, Trace
from bench.measurement.uncertainty import Estimate, evaluate
from bench.measurement.windows import Window
from bench.run.places import TWIN_FILE
from bench.station.configuration import load_station

RATE = 100e3
CIRCUIT = Circuit(9.8, 10e-6)
NONE = Spread(0.0, "normal")


def channel(full: float, noise: float) -> ChannelFigures:
    return ChannelFigures(
        gain=Spread(140e-6, "rectangular"),
        gain_temperature=Spread(23e-6, "rectangular"),
        gain_warming=NONE,
        offset=Spread(125e-6 * full, "rectangular"),
        offset_temperature=Spread(27e-6 * full, "rectangular"),
        linearity=Spread(60e-6 * full, "rectangular"),
        drift=Spread(12e-6 * full, "normal"),
        noise=noise,
        step=2.1 * full / 2**16,
        full_scale=full,
    )


FIGURES = Figures(
    shunt=Spread(0.01, "rectangular"),
    shunt_temperature=Spread(100e-6, "rectangular"),
    shunt_warming=NONE,
    decoupling=Spread(0.2, "rectangular"),
    time_base=Spread(50e-6, "rectangular"),
    supply=channel(5.0, 140e-6),
    shunt_voltage=channel(1.0, 32e-6),
)


def signals(current: float, samples: int = 5000, seed: int = 0) -> tuple[Floats, Floats]:
    """Supply and shunt voltage of a device that changes between two states."""
    index = np.arange(samples)
    wobble = np.random.default_rng(seed).uniform(-1e-3, 1e-3, samples)
    return np.full(samples, 3.3), 9.8 * (current + 2e-3 * np.sin(index / 50.0) + wobble)


def measured(current: float = 0.05, seed: int = 0, samples: int = 5000) -> WindowEnergy:
    supply, shunt = signals(current, samples, seed)
    trace = Trace(RATE, 0, supply, shunt, np.zeros(samples))
    return window_energy(trace, Window(0.5, samples - 1.25), CIRCUIT)


def series(current: float = 0.05, windows: int = 5, idle: int = 2) -> Series:
    return Series(
        windows=[measured(current, seed) for seed in range(windows)],
        inferences=10,
        idle=[measured(0.03, 100 + seed) for seed in range(idle)],
    )


def at_zero(measurand: Measurand) -> float:
    return float(measurand.value(dict.fromkeys(measurand.spreads, 0.0)))


def share(estimate: Estimate, influence: str) -> float:
    return sum(row.share for row in estimate.budget if row.influence == influence)


def test_a_window_without_energy_is_no_result() -> None:
    with pytest.raises(MeasurementError, match=r"window: an energy of -.*leads are not swapped"):
        energies_of(series(-0.05), load_station(TWIN_FILE))


def test_temperature_is_a_line_of_its_own() -> None:
    rows = {row.influence: row for row in evaluate(model.gross_energy(series(), FIGURES)).budget}
    energy = evaluate(model.gross_energy(series(), FIGURES)).value
    warm = rows["shunt resistance temperature"].standard / energy
    assert warm == pytest.approx(100e-6 / math.sqrt(3.0), rel=1e-3)
    assert {"supply channel gain temperature", "shunt channel offset temperature"} <= set(rows)


def test_a_shunt_that_warms_between_two_runs_does_not_cancel_in_their_saving() -> None:
    warming = replace(FIGURES, shunt_warming=Spread(20e-6, "rectangular"))
    rows = evaluate(model.saving(series(0.05), series(0.04), warming)).budget
    row = next(row for row in rows if row.influence == "shunt resistance warming")
    left = at_zero(model.saving(series(0.05), series(0.04), FIGURES))
    assert row.standard == pytest.approx((1.0 - left) * 20e-6 / math.sqrt(3.0), rel=1e-3)
    assert "shunt resistance warming (reference)" in {row.influence for row in rows}


@settings(max_examples=50)
@given(
    gains=st.tuples(*[st.floats(-0.02, 0.02)] * 2),
    offsets=st.tuples(*[st.floats(-0.05, 0.05)] * 2),
    shunt=st.floats(-0.1, 0.1),
    decoupling=st.floats(-0.9, 0.9),
    time_base=st.floats(-0.01, 0.01),
)
def test_energy_is_exact_for_every_known_error(
    gains: tuple[float, float],
    offsets: tuple[float, float],
    shunt: float,
    decoupling: float,
    time_base: float,
) -> None:
    """Readings distorted by known errors give back the energy of the undistorted ones."""
    supply, drop = signals(0.05)
    marker = np.zeros(len(supply))
    window = Window(20.5, 4000.25)
    ideal = Trace(RATE * (1.0 + time_base), 0, supply, drop, marker)
    circuit = Circuit(9.8 * (1.0 + shunt), 10e-6)
    true = window_energy(ideal, window, circuit).passed
    read = Trace(
        RATE,
        0,
        supply * (1.0 + gains[0]) + offsets[0],
        drop * (1.0 + gains[1]) + offsets[1],
        marker,
    )
    # The charge is corrected with the readings as they are: an error of the second order that
    # is left out here by a device whose voltage is the same at both edges.
    seen = window_energy(read, window, CIRCUIT)
    seen = replace(seen, begin=seen.end)
    measurand = model.gross_energy(Series([seen], 1), FIGURES)
    errors = dict.fromkeys(measurand.spreads, 0.0) | {
        "shunt resistance": shunt,
        "decoupling capacitance": decoupling,
        "time base": time_base,
        "supply channel gain": gains[0],
        "supply channel offset": offsets[0] / 2,
        "supply channel linearity": offsets[0] / 2,
        "shunt channel gain": gains[1],
        "shunt channel noise": offsets[1],
    }
    assert measurand.value(errors) == pytest.approx(true, rel=1e-11)


def test_value_is_the_mean_of_the_windows_for_one_inference() -> None:
    five = series()
    mean = np.mean([window.energy for window in five.windows]) / 10
    assert evaluate(model.gross_energy(five, FIGURES)).value == pytest.approx(mean, rel=1e-13)


def test_shunt_of_one_per_cent_dominates() -> None:
    estimate = evaluate(model.gross_energy(series(windows=1), FIGURES))
    assert estimate.standard / estimate.value == pytest.approx(0.0058, rel=0.02)
    assert estimate.budget[0].influence == "shunt resistance"
    assert estimate.budget[0].share > 0.99
    assert sum(row.share for row in estimate.budget) == pytest.approx(1.0)
    assert estimate.coverage_factor == pytest.approx(1.96, abs=0.005)


def test_card_alone_is_some_hundredths_of_a_per_cent() -> None:
    estimate = evaluate(model.gross_energy(series(windows=1), replace(FIGURES, shunt=NONE)))
    assert 0.0002 < estimate.standard / estimate.value < 0.0005
    assert share(estimate, "shunt channel noise") < 0.01


def test_scatter_of_five_windows_has_four_degrees_of_freedom() -> None:
    base = measured()
    factors = (0.9, 1.1, 0.95, 1.05, 1.0)
    windows = [replace(base, product=base.product * factor) for factor in factors]
    energies = np.array([window.energy for window in windows]) / 10
    estimate = evaluate(model.gross_energy(Series(windows, 10), FIGURES))
    row = next(row for row in estimate.budget if row.influence == "repeatability")
    assert row.standard == pytest.approx(energies.std(ddof=1) / math.sqrt(5), rel=1e-12)
    assert estimate.dof == pytest.approx(4.0, rel=0.1)
    assert estimate.coverage_factor == pytest.approx(2.776, rel=0.02)


def test_power_cycles_are_the_replicates_where_there_are_several() -> None:
    """Three power cycles that differ, each with five windows that hardly do."""
    base = measured()
    factors = np.repeat([0.9, 1.0, 1.1], 5) + np.tile(1e-6 * np.arange(5), 3)
    windows = [replace(base, product=base.product * factor) for factor in factors]
    means = np.array([window.energy for window in windows]).reshape(3, 5).mean(axis=1) / 10
    estimate = evaluate(model.gross_energy(Series(windows, 10, power_cycles=3), FIGURES))
    row = next(row for row in estimate.budget if row.influence == "repeatability")
    assert row.standard == pytest.approx(means.std(ddof=1) / math.sqrt(3), rel=1e-9)
    assert row.dof == 2


@pytest.mark.parametrize("cycles", [0, 2, 10])
def test_windows_that_do_not_fill_their_power_cycles_are_refused(cycles: int) -> None:
    with pytest.raises(MeasurementError, match=f"5 windows in {cycles} power cycles"):
        Series([measured()] * 5, 10, power_cycles=cycles)


def test_one_window_says_nothing_of_repeatability() -> None:
    estimate = evaluate(model.gross_energy(series(windows=1), FIGURES))
    assert share(estimate, "repeatability") == 0.0
    assert math.isinf(estimate.dof)


def test_edges_matter_in_short_windows_only() -> None:
    short = Series([measured(samples=100)], 10)
    long = Series([measured(samples=50000)], 10)
    figures = replace(FIGURES, shunt=NONE)
    for_short, for_long = (evaluate(model.gross_energy(r, figures)) for r in (short, long))
    assert share(for_short, "rising edge") > 0.3
    assert share(for_long, "rising edge") < 0.01


def test_common_shunt_cancels_in_a_saving() -> None:
    reference, variant = series(0.05), series(0.04)
    estimate = evaluate(model.saving(reference, variant, FIGURES))
    expected = 1 - np.mean([w.energy for w in variant.windows]) / np.mean(
        [w.energy for w in reference.windows]
    )
    assert estimate.value == pytest.approx(expected, rel=1e-12)
    assert share(estimate, "shunt resistance") < 1e-6
    assert share(estimate, "time base") < 1e-6
    assert share(estimate, "shunt channel gain") < share(estimate, "shunt channel offset")
    single = evaluate(model.gross_energy(reference, FIGURES))
    assert estimate.standard < 0.1 * single.standard / single.value


def test_saving_sees_the_scatter_of_both_runs() -> None:
    estimate = evaluate(model.saving(series(0.05), series(0.04), FIGURES))
    influences = {row.influence for row in estimate.budget}
    assert {"repeatability", "repeatability (reference)"} <= influences


def test_energy_above_idle_is_the_difference() -> None:
    busy = series()
    seconds = busy.windows[0].seconds
    power = np.mean([window.mean_power for window in busy.idle])
    gross = at_zero(model.gross_energy(busy, FIGURES))
    estimate = evaluate(model.energy_above_idle(busy, FIGURES))
    assert estimate.value == pytest.approx(gross - power * seconds / 10, rel=1e-12)
    assert at_zero(model.idle_power(busy, FIGURES)) == pytest.approx(power, rel=1e-12)


def test_idle_that_drifts_widens_what_is_above_it() -> None:
    steady = series(idle=1)
    drifted = replace(steady, idle=[measured(0.03, 100), measured(0.031, 100)])
    of_steady, of_drifted = (
        evaluate(model.energy_above_idle(r, FIGURES)) for r in (steady, drifted)
    )
    assert share(of_steady, "drift between readings (idle)") == 0.0
    assert share(of_drifted, "drift between readings (idle)") > 0.1
    assert of_drifted.standard > of_steady.standard


@pytest.mark.parametrize("measurand", [model.energy_above_idle, model.idle_power])
def test_without_idle_reading_there_is_nothing_above_it(measurand: object) -> None:
    assert callable(measurand)
    with pytest.raises(MeasurementError, match="no idle reading"):
        measurand(series(idle=0), FIGURES)


def test_mean_current_is_charge_over_time() -> None:
    estimate = evaluate(model.mean_current(series(windows=1), FIGURES))
    assert estimate.value == pytest.approx(measured().mean_current, rel=1e-12)
    assert estimate.unit == "A"


@pytest.mark.parametrize(
    "impossible",
    [
        lambda: Series([], 10),
        lambda: Series([measured()], 0),
        lambda: Series([measured(), replace(measured(), circuit=Circuit(9.8, 0.0))], 10),
    ],
)
def test_impossible_series_are_refused(impossible: object) -> None:
    assert callable(impossible)
    with pytest.raises(MeasurementError, match="at least one window"):
        impossible()


def test_message_gives_value_uncertainty_and_factor() -> None:
    text = str(evaluate(model.gross_energy(series(), FIGURES)))
    assert "±" in text
    assert "k = 1.96" in text
    assert text.startswith("energy of one inference 0.000")


@pytest.mark.parametrize(
    "measurand",
    [
        model.gross_energy(series(), FIGURES),
        model.energy_above_idle(series(), FIGURES),
        model.mean_current(series(), FIGURES),
        model.saving(series(0.05), series(0.04), FIGURES),
        model.gross_energy(series(windows=1), replace(FIGURES, shunt=Spread(5e-4, "normal"))),
    ],
    ids=lambda measurand: measurand.name,
)
def test_monte_carlo_agrees_with_the_law_of_propagation(measurand: Measurand) -> None:
    estimate = evaluate(measurand)
    drawn = propagate(measurand, seed=7, draws=40_000)
    assert drawn.mean == pytest.approx(estimate.value, abs=0.02 * estimate.standard)
    # A t with 4 degrees of freedom has twice the variance that the law reckons with.
    assert estimate.standard * 0.98 < drawn.standard < estimate.standard * 1.45
    low, high = drawn.interval
    assert (high - low) / 2 == pytest.approx(estimate.expanded, rel=0.2)


def test_rectangular_shunt_makes_the_linear_interval_too_wide() -> None:
    """95 % of a rectangle are 1.65 standard deviations, not 1.96: stated too wide, never less."""
    measurand = model.gross_energy(series(windows=1), FIGURES)
    low, high = propagate(measurand, seed=7).interval
    assert (high - low) / 2 / evaluate(measurand).expanded == pytest.approx(0.84, abs=0.01)


def test_same_seed_gives_the_same_distribution() -> None:
    measurand = model.gross_energy(series(), FIGURES)
    first, again, other = (propagate(measurand, seed, draws=1000) for seed in (3, 3, 4))
    assert first == again
    assert first != other
    assert first.covers(first.mean)
    assert not first.covers(first.interval[1] * 1.001)


def test_drift_of_an_offset_counts_like_an_offset() -> None:
    rows = {r.influence: r for r in evaluate(model.gross_energy(series(), FIGURES)).budget}
    figures = FIGURES.shunt_voltage
    assert rows["shunt channel drift"].standard == pytest.approx(
        rows["shunt channel offset"].standard * figures.drift.standard / figures.offset.standard
    )


def test_nonlinearity_cancels_in_a_saving_as_far_as_the_readings_agree() -> None:
    bend = "shunt channel bend (reference)"
    same = evaluate(model.saving(series(), series(), FIGURES))
    apart = model.saving(series(0.05), series(0.04), FIGURES)
    assert share(same, bend) == 0.0
    # 10 mA apart are 0.098 V of a full scale of 1 V, over which it changes by 2.6 times its peak.
    assert apart.spreads[bend].standard == pytest.approx(
        2.6 * 0.098 * FIGURES.shunt_voltage.linearity.standard, rel=1e-3
    )
    assert share(evaluate(apart), bend) > 0.0


def test_power_that_differs_between_the_edges_makes_the_channels_skew_matter() -> None:
    level = measured()
    level = replace(level, end=level.begin)
    step = replace(level, end=replace(level.begin, shunt=level.begin.shunt + 0.1))
    for_level, for_step = (
        evaluate(model.gross_energy(Series([w], 1), FIGURES)) for w in (level, step)
    )
    row = next(row for row in for_step.budget if row.influence == "channel skew")
    change = (step.end.power - step.begin.power) / 9.8
    assert row.standard == pytest.approx(abs(change) / RATE / math.sqrt(3.0))
    assert share(for_level, "channel skew") == 0.0


def test_noise_of_the_voltages_at_the_edges_is_noise_of_the_charge() -> None:
    window = measured()
    rows = evaluate(model.gross_energy(Series([window], 1), FIGURES)).budget
    row = next(row for row in rows if row.influence == "noise at the edges")
    volts = math.sqrt(2.0) * math.hypot(140e-6, 32e-6)
    assert row.standard == pytest.approx(10e-6 * window.end.device * volts)


@pytest.mark.parametrize(
    ("spread", "upper"),
    [
        (Spread(2.0, "rectangular"), 1.9),
        (Spread(2.0, "normal"), 3.92),
        (Spread(2.0, "normal", 4), 5.55),
    ],
)
def test_draws_follow_their_distribution(spread: Spread, upper: float) -> None:
    values = spread.draw(np.random.default_rng(1), 200_000)
    assert np.quantile(values, [0.025, 0.975]) == pytest.approx([-upper, upper], rel=0.03)


@pytest.mark.parametrize("noise_in_steps", [0.05, 0.2, 0.4, 1.0])
def test_quantisation_is_what_rounding_leaves_of_the_mean(noise_in_steps: float) -> None:
    random = np.random.default_rng(5)
    count, step = 400, 1e-4
    levels = random.uniform(0.1, 0.2, 2000)[:, np.newaxis]
    noise = random.normal(0.0, noise_in_steps * step, (2000, count))
    rounded = np.rint((levels + noise) / step) * step
    seen = float((rounded - levels - noise).mean(axis=1).std())
    figures = replace(
        FIGURES, supply=replace(FIGURES.supply, noise=noise_in_steps * step, step=step)
    )
    window = replace(measured(), samples=float(count))
    stated = model.gross_energy(Series([window], 1), figures).spreads["supply channel quantisation"]
    assert seen < stated.standard * 1.3
    assert seen > stated.standard * 0.7
