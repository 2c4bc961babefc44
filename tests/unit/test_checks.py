"""Each figure of the self-check: passed with a margin, or the error that it would be."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import BenchError, DeviceError
from bench.measurement import checks
from bench.measurement.checks import (
    Check,
    NoiseError,
    OffsetError,
    OpenLeadError,
    PhantomSupplyError,
    Verdict,
)
from bench.measurement.figures import ChannelFigures, Spread
from bench.measurement.integrity import (
    FlatLineError,
    MarkerLevelError,
    SampleCountError,
    TraceLimits,
    UnderVoltageError,
)
from bench.measurement.plausibility import (
    ClockRatioError,
    Clocks,
    Currents,
    ImplausibleCurrentError,
)
from bench.measurement.trace import Floats, Trace
from bench.measurement.windows import Window

SAMPLES = 4000
OHMS = 9.8
NONE = Spread(0.0, "rectangular")
CHANNEL = ChannelFigures(
    gain=NONE,
    gain_temperature=NONE,
    gain_warming=NONE,
    offset=Spread(50e-6, "rectangular"),
    offset_temperature=Spread(30e-6, "rectangular"),
    linearity=Spread(60e-6, "rectangular"),
    drift=NONE,
    noise=32e-6,
    step=32e-6,
    full_scale=1.0,
)
ZERO_LIMIT = math.sqrt(3.0) * math.hypot(50e-6, 30e-6, 60e-6)
LIMITS = TraceLimits(
    samples=SAMPLES,
    supply_range=5.0,
    shunt_range=1.0,
    minimum_voltage=2.7,
    marker_threshold=1.65,
    shortest_window=1e-3,
)


def noisy(level: float, rms: float = 32e-6, seed: int = 1) -> Floats:
    return level + np.random.default_rng(seed).normal(0.0, rms, SAMPLES)


def trace(supply: float, shunt: float) -> Trace:
    return Trace(100e3, 500, noisy(supply, seed=1), noisy(shunt, seed=2), noisy(0.0, seed=3))


def verdict(check: Check, kind: type[BenchError] | None, words: str = "") -> None:
    """Passed without an error, or failed with one of this kind that says what to do."""
    assert check.verdict is (Verdict.OK if kind is None else Verdict.FAILED)
    assert type(check.error) is (type(None) if kind is None else kind)
    assert check.margin is not None
    assert (check.margin >= 0.0) == (kind is None)
    assert words in str(check.error)
    if check.error is not None:
        assert "wanted" in str(check.error)


@pytest.mark.parametrize(
    ("supply", "shunt", "kind", "words"),
    [
        (0.0, 0.0, None, ""),
        (0.29, 0.0, None, ""),
        (3.0, 0.0, PhantomSupplyError, "3 V with the supply's output off"),
        (0.0, -0.6, PhantomSupplyError, "unplug the board's USB cable"),
        (0.0, 0.6, OpenLeadError, "check the terminals"),
        (math.nan, 0.0, OpenLeadError, "nan V"),
    ],
)
def test_voltage_at_a_device_without_power(
    supply: float, shunt: float, kind: type[BenchError] | None, words: str
) -> None:
    verdict(checks.phantom_voltage("v", trace(supply, shunt)), kind, words)


@pytest.mark.parametrize(
    ("supply", "shunt", "kind"),
    [
        (0.0, 0.9e-3, None),
        (3.0, 20e-3, PhantomSupplyError),
        (3.0, -20e-3, PhantomSupplyError),
        (0.0, 20e-3, OpenLeadError),
    ],
)
def test_current_with_the_output_off(
    supply: float, shunt: float, kind: type[BenchError] | None
) -> None:
    check = checks.phantom_current("i", trace(supply, shunt), CHANNEL, OHMS)
    verdict(check, kind, "" if kind is None else "output off")
    assert check.figure == pytest.approx(shunt / OHMS, abs=1e-6)


@settings(max_examples=30)
@given(st.lists(st.floats(-1.0, 1.0), min_size=3, max_size=3), st.integers(0, 99))
def test_no_zero_within_what_is_declared_fails(shares: list[float], seed: int) -> None:
    off = shares[0] * 50e-6 + shares[1] * 30e-6 + shares[2] * 60e-6
    verdict(checks.zero("zero", "shunt", noisy(off, seed=seed), CHANNEL), None)


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_zero_beyond_what_is_declared(sign: float) -> None:
    check = checks.zero("zero", "shunt", noisy(sign * 1.1 * ZERO_LIMIT), CHANNEL)
    verdict(check, OffsetError, "shunt: ")
    assert check.limit == pytest.approx(ZERO_LIMIT, rel=1e-3)


@pytest.mark.parametrize(
    ("rms", "kind"), [(32e-6, None), (60e-6, None), (80e-6, NoiseError), (0.0, FlatLineError)]
)
def test_noise_against_what_is_declared(rms: float, kind: type[BenchError] | None) -> None:
    check = checks.noise("noise", "marker", noisy(0.0, rms), CHANNEL)
    assert type(check.error) is (type(None) if kind is None else kind)
    assert check.figure == pytest.approx(rms, rel=0.05)


def test_shunt_against_supply_tells_the_drift_that_it_finds() -> None:
    currents = Currents(measured=40e-3, reading=40.1e-3, expanded=0.2e-3)
    check = checks.shunt_against_supply("shunt", currents)
    verdict(check, None)
    assert check.figure == pytest.approx(-0.5)
    assert "from 0.93% on (95 %)" in check.note
    off = replace(currents, measured=40.4e-3)
    verdict(checks.shunt_against_supply("shunt", off), ImplausibleCurrentError, "En = 1.50")


@given(st.floats(-1.0, 1.0), st.floats(0.01, 0.1))
@settings(max_examples=30)
def test_the_drift_that_is_said_to_be_found_is_found(hidden: float, expanded: float) -> None:
    """Whatever the other errors, within 1.7 standard uncertainties of the difference, hide."""
    sound = Currents(1.0, 1.0, expanded)
    other = hidden * 1.7 * expanded / 2.0
    drifted = replace(sound, measured=1.0 * (1.0 + 1.0001 * sound.detectable) + other)
    assert isinstance(drifted.error, ImplausibleCurrentError)


def test_clocks() -> None:
    verdict(checks.clocks_agree("clock", Clocks(0.5, 0.5, 200e-6)), None)
    check = checks.clocks_agree("clock", Clocks(0.5002, 0.5, 200e-6))
    verdict(check, ClockRatioError, "+400 ppm")
    assert check.figure == pytest.approx(400e-6)


def test_voltage_of_the_running_device() -> None:
    verdict(checks.device_voltage("v", trace(3.3, 0.5), 2.7), None)
    verdict(checks.device_voltage("v", trace(3.3, 0.65), 2.7), UnderVoltageError, "at least 2.7 V")


def test_incomplete_samples_are_an_error_and_low_voltage_is_another_check() -> None:
    checks.samples("window", trace(3.3, 0.7), LIMITS)
    with pytest.raises(SampleCountError):
        checks.samples("window", trace(3.3, 0.4), replace(LIMITS, samples=SAMPLES + 1))


def levels(low: float, high: float) -> list[Check]:
    marker = noisy(low, 1e-3)
    marker[500:3000] += high - low
    whole = Trace(100e3, 500, noisy(3.3), noisy(0.4), marker)
    return checks.marker_levels("low", "high", whole, Window(499.5, 2999.5), 1.65)


def test_marker_levels_against_the_threshold() -> None:
    low, high = levels(0.0, 3.3)
    verdict(low, None)
    verdict(high, None)
    assert low.limit == pytest.approx(1.32)
    assert high.limit == pytest.approx(1.98)
    low, high = levels(1.4, 3.3)
    verdict(low, MarkerLevelError, "while low")
    verdict(high, None)
    low, high = levels(0.0, 1.9)
    verdict(low, None)
    verdict(high, MarkerLevelError, "while high")


@pytest.mark.parametrize(
    "make",
    [
        lambda: checks.failed("chip", DeviceError("no")),
        lambda: checks.not_possible("chip", "see supply"),
        lambda: checks.seen("chip", "ESP32"),
    ],
)
def test_checks_without_a_figure(make: Callable[[], Check]) -> None:
    check = make()
    assert (check.figure, check.limit, check.margin) == (None, None, None)
