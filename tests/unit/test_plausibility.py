import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from bench.measurement.energy import Circuit, Edge, WindowEnergy
from bench.measurement.figures import ChannelFigures, Figures, Spread
from bench.measurement.plausibility import (
    ClockRatioError,
    ImplausibleCurrentError,
    check_clock,
    check_current,
    compare_current,
)
from bench.measurement.uncertainty import Estimate
from bench.station.calibration_records import SupplyRecord

NONE = Spread(0.0, "normal")
CHANNEL = ChannelFigures(
    **dict.fromkeys(("gain", "gain_temperature", "gain_warming"), NONE),
    **dict.fromkeys(("offset", "offset_temperature", "linearity", "drift"), NONE),
    noise=1e-4,
    step=1e-4,
    full_scale=5.0,
)
FIGURES = Figures(
    **dict.fromkeys(("shunt", "shunt_temperature", "shunt_warming", "decoupling"), NONE),
    time_base=Spread(50e-6, "rectangular"),
    supply=CHANNEL,
    shunt_voltage=CHANNEL,
)
RECORD = SupplyRecord.model_validate(
    {
        "kind": "supply",
        "certificate": "S-1",
        "date": date(2026, 1, 1),
        "due": date(2027, 1, 1),
        "temperature": "23 degC",
        "verified": True,
        "source": "test",
        "gain": {"limit": "1 %", "distribution": "rectangular"},
        "offset": "0.2 mA",
    }
)


def current(amps: float) -> Estimate:
    return Estimate("mean current", "A", amps, 0.1e-3, math.inf, 2.0, ())


def window(samples: float) -> WindowEnergy:
    edge = Edge(3.3, 0.4)
    return WindowEnergy(
        Circuit(9.8, 10e-6), samples, samples * 1e-5, 1.0, 1.0, 1.0, 1.0, edge, edge, 2.9
    )


def test_current_within_both_uncertainties_is_plausible() -> None:
    # Stated for the supply at 40 mA: 2 x hypot(0.4 mA, 0.2 mA) / sqrt(3) = 0.516 mA.
    combined = math.hypot(0.2e-3, 2.0 * math.hypot(0.4e-3, 0.2e-3) / math.sqrt(3.0))
    assert check_current(current(40e-3 + 0.9 * combined), 40e-3, RECORD) == pytest.approx(0.9)
    assert check_current(current(40e-3 - 0.9 * combined), 40e-3, RECORD) == pytest.approx(-0.9)


def test_the_supplys_reading_is_corrected_for_what_was_found() -> None:
    found = RECORD.model_copy(update={"gain_found": 0.02, "offset_found": 1e-3})
    assert check_current(current(40e-3), 40e-3 * 1.02 + 1e-3, found) == pytest.approx(0.0)


@pytest.mark.parametrize("amps", [41e-3, 39e-3, 0.0, math.nan])
def test_other_current_than_the_supplys_is_an_error(amps: float) -> None:
    with pytest.raises(ImplausibleCurrentError, match=r"40 mA by the supply \(En = "):
        check_current(current(amps), 40e-3, RECORD)


def test_a_detectable_drift_is_found_in_95_of_100_stations() -> None:
    """Stations drawn as declared, each with a shunt that has drifted by just so much."""
    draw, amps, count = np.random.default_rng(5), 30e-3, 4000
    sound = compare_current(current(amps), amps, RECORD)
    errors = (
        draw.normal(0.0, 0.1e-3, count)
        - amps * draw.uniform(-RECORD.gain.limit, RECORD.gain.limit, count)
        - draw.uniform(-RECORD.offset, RECORD.offset, count)
    )

    def found(drift: float) -> float:
        drifted = (replace(sound, measured=amps * (1.0 + drift) + error) for error in errors)
        return float(np.mean([agreement.error is not None for agreement in drifted]))

    assert found(sound.detectable) >= 0.95
    assert found(0.5 * sound.detectable) < 0.5
    assert found(0.0) <= 0.05


def test_clocks_that_agree_give_their_ratio() -> None:
    assert check_clock(window(50000.0), 0.49995, FIGURES) == pytest.approx(100e-6, rel=1e-3)


@pytest.mark.parametrize("lost", [20, 1000])
def test_lost_samples_show_in_the_clocks(lost: int) -> None:
    with pytest.raises(ClockRatioError, match=f"off by -{lost * 20} ppm"):
        check_clock(window(50000.0 - lost), 0.5, FIGURES)


def test_short_windows_allow_for_the_edges() -> None:
    ten_of_c1 = window(820.0)
    assert abs(check_clock(ten_of_c1, 8.2e-3 - 10e-6, FIGURES)) > 1e-3
    with pytest.raises(ClockRatioError):
        check_clock(ten_of_c1, 8.2e-3 - 40e-6, FIGURES)


@pytest.mark.parametrize("seconds", [0.0, -1.0, math.nan])
def test_senseless_timer_is_an_error(seconds: float) -> None:
    with pytest.raises(ClockRatioError, match="by the device"):
        check_clock(window(50000.0), seconds, FIGURES)


def test_better_time_base_allows_less() -> None:
    figures = replace(FIGURES, time_base=NONE)
    check_clock(window(50000.0), 0.5 * (1 + 195e-6), FIGURES)
    with pytest.raises(ClockRatioError):
        check_clock(window(50000.0), 0.5 * (1 + 195e-6), figures)
