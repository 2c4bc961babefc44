import math
import tracemalloc
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import MeasurementError
from bench.measurement.energy import CHUNK, Circuit, WindowEnergy, window_energy
from bench.measurement.trace import Floats, Trace
from bench.measurement.windows import Window

RATE = 100e3
CIRCUIT = Circuit(shunt=9.8, decoupling=10e-6)


def trace_of(supply: Floats, shunt: Floats) -> Trace:
    return Trace(RATE, 0, supply, shunt, np.zeros(len(supply)))


def random_trace(samples: int, seed: int = 0) -> Trace:
    random = np.random.default_rng(seed)
    return trace_of(random.uniform(3.0, 3.6, samples), random.uniform(0.1, 0.6, samples))


def exact(values: Floats, window: Window) -> Fraction:
    """The trapezoidal integral in samples, in rational arithmetic, interval by interval."""
    total = Fraction(0)
    for index in range(len(values) - 1):
        left = max(Fraction(window.begin), Fraction(index))
        right = min(Fraction(window.end), Fraction(index + 1))
        if left < right:
            a, b = Fraction(float(values[index])), Fraction(float(values[index + 1]))
            at_left = a + (b - a) * (left - index)
            at_right = a + (b - a) * (right - index)
            total += (right - left) * (at_left + at_right) / 2
    return total


def exact_energy(trace: Trace, window: Window) -> float:
    passed = (trace.supply - trace.shunt) * trace.shunt
    return float(exact(passed, window)) / RATE / CIRCUIT.shunt


@settings(max_examples=80)
@given(st.integers(2, 40), st.data())
def test_integral_is_exact_also_in_partial_samples(samples: int, data: st.DataObject) -> None:
    trace = random_trace(samples, data.draw(st.integers(0, 1000)))
    begin = data.draw(st.floats(0.0, samples - 1.001))
    end = data.draw(st.floats(begin, samples - 1.0, exclude_min=True))
    measured = window_energy(trace, Window(begin, end), CIRCUIT)
    energy = exact_energy(trace, Window(begin, end))
    charge = float(exact(trace.shunt, Window(begin, end))) / RATE / 9.8
    assert measured.passed == pytest.approx(energy, rel=1e-9, abs=1e-20)
    assert measured.charge == pytest.approx(charge, rel=1e-9, abs=1e-20)


def test_long_traces_are_exact_across_chunks() -> None:
    trace = random_trace(2 * CHUNK + 77)
    passed = (trace.supply - trace.shunt) * trace.shunt / CIRCUIT.shunt / RATE
    for first, last in ((1, 2 * CHUNK + 75), (CHUNK - 1, CHUNK + 1), (CHUNK, 2 * CHUNK)):
        measured = window_energy(trace, Window(first, last), CIRCUIT)
        ends = (passed[first] + passed[last]) / 2
        exact_sum = math.fsum(passed[first : last + 1]) - ends
        assert measured.passed == pytest.approx(exact_sum, rel=1e-13)


def test_constant_signals_give_power_times_time() -> None:
    trace = trace_of(np.full(1001, 3.3), np.full(1001, 0.49))
    measured = window_energy(trace, Window(100.25, 900.75), CIRCUIT)
    seconds = 800.5 / RATE
    assert measured.seconds == pytest.approx(seconds, rel=1e-14)
    assert measured.energy == pytest.approx(2.81 * 0.05 * seconds, rel=1e-13)
    assert measured.mean_current == pytest.approx(0.05, rel=1e-13)
    assert measured.mean_power == pytest.approx(2.81 * 0.05, rel=1e-13)
    assert measured.stored == 0.0


def test_adjacent_windows_add_up() -> None:
    trace = random_trace(500)
    whole, first, second = (
        window_energy(trace, Window(*edges), CIRCUIT)
        for edges in ((3.3, 490.1), (3.3, 77.7), (77.7, 490.1))
    )
    assert first.energy + second.energy == pytest.approx(whole.energy, rel=1e-12)


def test_charge_of_the_decoupling_is_not_counted_as_the_devices() -> None:
    """A load of 40 mA after 28 mA, window at the step: the measured current lags behind."""
    times = np.arange(4001) / RATE
    circuit = Circuit(9.8, 100e-6)
    current = 0.040 - 0.012 * np.exp(-times / circuit.time_constant)
    trace = trace_of(np.full(4001, 3.3), 9.8 * current)
    measured = window_energy(trace, Window(0.0, 820.0), circuit)
    device = 3.3 - 9.8 * current
    step = 1 / RATE
    true = 0.040 * step * float(np.sum((device[:820] + device[1:821]) / 2))
    assert measured.energy == pytest.approx(true, rel=1e-5)
    assert measured.stored / true == pytest.approx(-0.036, rel=0.05)  # what `passed` lacks


def test_lowest_device_voltage_is_that_within_the_window() -> None:
    trace = trace_of(np.full(100, 3.3), np.full(100, 0.3))
    shunt = trace.shunt.copy()
    shunt[[10, 50]] = 0.6, 0.5
    assert _lowest(shunt, Window(20.0, 90.0)) == pytest.approx(2.8)
    assert _lowest(shunt, Window(10.5, 90.0)) == pytest.approx(2.8)
    assert _lowest(shunt, Window(10.1, 90.0)) == pytest.approx(3.3 - 0.57)
    assert _lowest(shunt, Window(5.0, 90.0)) == pytest.approx(2.7)


def _lowest(shunt: Floats, window: Window) -> float:
    return window_energy(trace_of(np.full(100, 3.3), shunt), window, CIRCUIT).lowest


@pytest.mark.parametrize("edges", [(-0.1, 5.0), (5.0, 5.0), (6.0, 5.0), (1.0, 99.5)])
def test_window_outside_the_trace_is_refused(edges: tuple[float, float]) -> None:
    with pytest.raises(MeasurementError, match="of a trace of 100 samples"):
        window_energy(random_trace(100), Window(*edges), CIRCUIT)


def test_extra_memory_does_not_grow_with_the_trace() -> None:
    trace = random_trace(40 * CHUNK)
    tracemalloc.start()
    try:
        window_energy(trace, Window(0.5, len(trace) - 1.5), CIRCUIT)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * CHUNK * 8


def test_another_shunt_scales_what_passed() -> None:
    measured = window_energy(random_trace(100), Window(1.0, 98.0), CIRCUIT)
    other: WindowEnergy = replace(measured, circuit=Circuit(4.9, 0.0))
    assert other.passed == pytest.approx(2 * measured.passed, rel=1e-14)
    assert other.energy == other.passed
