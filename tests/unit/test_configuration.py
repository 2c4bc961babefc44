"""A user writes a station file; each mistake is named with its file and key."""

import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import StationFileError
from bench.station.accuracy import Tolerance
from bench.station.configuration import load_station
from bench.station.quantities import (
    AMPERE,
    CELSIUS,
    FARAD,
    KELVIN,
    OHM,
    PER_KELVIN,
    RATIO,
    SAMPLES_PER_SECOND,
    SECOND,
    VOLT,
    Unit,
    format_quantity,
    parse_quantity,
)

STATIONS = Path(__file__).parents[2] / "stations"
UNITS = [
    VOLT, AMPERE, OHM, FARAD, SECOND, SAMPLES_PER_SECOND, RATIO, KELVIN, CELSIUS, PER_KELVIN
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("3.3 V", VOLT, 3.3),
        ("300 mA", AMPERE, 0.3),
        ("300mA", AMPERE, 0.3),
        ("9.8 ohm", OHM, 9.8),
        ("9.8 Ω", OHM, 9.8),
        ("4.7 kΩ", OHM, 4700.0),
        ("10 uF", FARAD, 1e-5),
        ("10 µF", FARAD, 1e-5),
        ("100 kS/s", SAMPLES_PER_SECOND, 1e5),
        ("1.25 MS/s", SAMPLES_PER_SECOND, 1.25e6),
        ("50 ppm", RATIO, 5e-5),
        ("0.1 %", RATIO, 1e-3),
        ("2e-3 s", SECOND, 2e-3),
        ("-5 °C", CELSIUS, -5.0),
        ("0.5 K", KELVIN, 0.5),
        ("20 ppm/K", PER_KELVIN, 2e-5),
    ],
)
def test_a_quantity_means_its_si_number(text: str, unit: Unit, value: float) -> None:
    assert parse_quantity(text, unit) == value


@pytest.mark.parametrize("text", ["3.3", "V", "3.3 A", "3,3 V", "3.3 V V", "", "nan V", "3.3 mmV"])
def test_a_text_that_is_no_voltage_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r'is not a voltage: write a text such as "3\.3 V"'):
        parse_quantity(text, VOLT)


@pytest.mark.parametrize("text", ["1e400 V", f"{'9' * 400} mV", "1e9999999999 V"])
def test_a_number_beyond_all_bounds_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r'is beyond any voltage: write one such as "3\.3 V"'):
        parse_quantity(text, VOLT)


@given(st.sampled_from(UNITS), st.floats(min_value=0.0, max_value=1e9))
def test_a_formatted_quantity_is_read_back_as_the_same_number(unit: Unit, value: float) -> None:
    assert parse_quantity(format_quantity(value, unit), unit) == value


@given(st.text(max_size=12), st.sampled_from(UNITS))
def test_any_text_is_a_number_or_a_clear_error(text: str, unit: Unit) -> None:
    error = ""
    try:
        assert math.isfinite(parse_quantity(text, unit))
    except ValueError as raised:
        error = str(raised)
    assert not error or unit.example in error


@pytest.mark.parametrize("name", ["twin.toml", "example-hardware.toml"])
def test_the_shipped_stations_are_the_papers_bench(name: str) -> None:
    station = load_station(STATIONS / name)
    assert station.supply.voltage == 3.3
    assert station.shunt.resistance == 9.8
    assert station.digitizer.card == "PCI-6251"
    assert station.device.chip == "esp32"


def test_the_twin_takes_the_addresses_of_a_started_lab() -> None:
    twin = load_station(STATIONS / "twin.toml")
    assert twin.waits_for_addresses
    started = twin.with_addresses(
        visa="TCPIP::127.0.0.1::5025::SOCKET", grpc="127.0.0.1:50051", serial="espsim:///dev/pts/3"
    )
    assert not started.waits_for_addresses
    assert started.supply.resource == "TCPIP::127.0.0.1::5025::SOCKET"
    assert started.digitizer.grpc == "127.0.0.1:50051"
    assert started.device.port == "espsim:///dev/pts/3"
    assert started.calibration == twin.calibration


def test_an_address_of_a_wrong_form_is_refused() -> None:
    twin = load_station(STATIONS / "twin.toml")
    with pytest.raises(StationFileError, match=r"station twin .*supply\.resource"):
        twin.with_addresses(visa="127.0.0.1:5025", grpc="127.0.0.1:50051", serial="x")


MISTAKES = {
    "unknown key": ('channel = "A"', 'chanel = "A"', "supply.chanel: unknown key"),
    "missing key": ('channel = "A"', "", "supply.channel: missing key"),
    "missing section": ("[shunt]", "[shnt]", "shunt: missing key"),
    "wrong unit": ('"300 mA"', '"300 mW"', 'supply.current_limit: "300 mW" is not a current'),
    "no unit": ('"300 mA"', "0.3", "supply.current_limit: 0.3 has no unit"),
    "number as text": ("baud = 115200", 'baud = "115200"', "device.baud"),
    "too many volts": ('voltage = "3.3 V"', 'voltage = "5 V"', "outside the range from 0.0 V to"),
    "flash above 3.6 V": ('"3.5 V"', '"3.7 V"', 'supply.flash_voltage: "3.7 V" is outside'),
    "trip above 3.6 V": ('"3.6 V"', '"5 V"', 'supply.over_voltage: "5 V" is outside'),
    "trip below the output": ('"3.5 V"', '"3.6 V"', "supply.over_voltage 3.6 V would trip at 3.6"),
    "negative": ('"10 uF"', '"-10 uF"', "device.decoupling"),
    "current lags too far": ('"10 uF"', '"110 uF"', "device.decoupling is 1.08 ms, the firmware"),
    "unknown card": ('"PCI-6251"', '"PCI-1"', 'card "PCI-1" is not supported: use one of PCI-6251'),
    "range of no card": ('"ai1", range = "1 V"', '"ai1", range = "3 V"', "ai1 has no range of 3.0"),
    "channel of no card": ('"ai1"', '"ai8"', "ai8 does not exist: use ai0 to ai7"),
    "channel used twice": ('"ai1"', '"ai0"', "need a channel each"),
    "trigger of no card": ('"PFI0"', '"PFI16"', "PFI16 does not exist"),
    "too fast": ('"100 kS/s"', '"400 kS/s"', "exceeds PCI-6251's 333333 S/s: lower the rate"),
    "threshold": ('"1.65 V"', '"6 V"', "marker_threshold 6 V is not inside the marker's range"),
    "device below its minimum": ('"55 mA"', '"65 mA"', "below device.minimum_voltage 2.7 V"),
    "current above the limit": ('"300 mA"', '"50 mA"', "exceeds supply.current_limit 50 mA"),
    "shunt saturates": ('"ai1", range = "1 V"', '"ai1", range = "0.5 V"', "digitizer.shunt.range"),
    "low-side shunt": ('side = "high"', 'side = "low"', "shunt.side"),
    "no port": ('port = "twin"\n', "", "device: give either port or usb_serial"),
    "MAC": ("24:0a:c4:00:00:01", "24-0a", "device.mac"),
    "resource": ('resource = "twin"', 'resource = "5025"', "supply.resource"),
    "no TOML": ("[supply]", "[supply", "is no TOML file"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_its_file_and_key(mistake: str, tmp_path: Path) -> None:
    right, wrong, message = MISTAKES[mistake]
    text = (STATIONS / "twin.toml").read_text(encoding="utf-8")
    assert right in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(right, wrong, 1), encoding="utf-8")
    shutil.copytree(STATIONS / "twin-calibration", tmp_path / "twin-calibration")
    with pytest.raises(StationFileError) as caught:
        load_station(path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)


def test_every_mistake_is_reported_at_once(tmp_path: Path) -> None:
    text = (STATIONS / "twin.toml").read_text(encoding="utf-8")
    path = tmp_path / "mine.toml"
    path.write_text(text.replace("300 mA", "300 mW").replace("10 uF", "10 uV"), encoding="utf-8")
    shutil.copytree(STATIONS / "twin-calibration", tmp_path / "twin-calibration")
    with pytest.raises(StationFileError, match=r"(?s)current_limit.*device\.decoupling"):
        load_station(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StationFileError, match=r"none\.toml: cannot be read"):
        load_station(tmp_path / "none.toml")


@pytest.mark.parametrize("distribution", ["normal", "rectangular"])
def test_drawn_errors_spread_as_the_standard_uncertainty_says(distribution: str) -> None:
    tolerance = Tolerance.model_validate({"limit": "1 %", "distribution": distribution})
    generator = np.random.default_rng(1)
    errors = [tolerance.draw(generator) for _ in range(4000)]
    assert np.std(errors) == pytest.approx(tolerance.standard, rel=0.05)
    assert np.mean(errors) == pytest.approx(0.0, abs=4 * tolerance.standard / np.sqrt(4000))
