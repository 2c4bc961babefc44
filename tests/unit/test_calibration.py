"""A user's calibration records: what they correct, what they mark, and each mistake by its key."""

import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from bench.errors import StationFileError
from bench.measurement.correction import ChannelCorrection, Corrections, corrected
from bench.measurement.declared import circuit_of, corrections_of, figures_of
from bench.measurement.energy import window_energy
from bench.measurement.trace import Trace
from bench.measurement.windows import Window
from bench.station.calibration import load_calibration
from bench.station.configuration import Station, load_station
from bench.twin.equipment import sound_equipment

STATIONS = Path(__file__).parents[2] / "stations"
TODAY = date(2026, 6, 1)
VERIFIED = ("verified = false", "verified = true")


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """A folder of records, copied from the twin's, beside a station file that names it."""
    shutil.copy(STATIONS / "twin.toml", tmp_path)
    return Path(shutil.copytree(STATIONS / "twin-calibration", tmp_path / "twin-calibration"))


def edit(folder: Path, kind: str, *changes: tuple[str, str]) -> None:
    path = folder / f"{kind}.toml"
    text = path.read_text(encoding="utf-8")
    for right, other in changes:
        assert right in text
        text = text.replace(right, other, 1)
    path.write_text(text, encoding="utf-8")


def verify_all(folder: Path) -> None:
    for path in folder.glob("*.toml"):
        edit(folder, path.stem, VERIFIED)


def station(folder: Path) -> Station:
    return load_station(folder.parent / "twin.toml")


@pytest.mark.parametrize("name", ["twin.toml", "example-hardware.toml"])
def test_shipped_records_are_not_verified_so_results_are_marked(name: str) -> None:
    assert load_station(STATIONS / name).calibration.shortcomings(TODAY) == (
        "shunt: not verified",
        "card: not verified",
        "supply: not verified",
        "time base: not verified",
    )


def test_verified_records_within_their_dates_are_a_calibration(records: Path) -> None:
    verify_all(records)
    assert station(records).calibration.shortcomings(TODAY) == ()


@pytest.mark.parametrize(
    ("due", "reasons"),
    [
        ("2026-06-01", ()),
        ("2026-05-31", ("shunt: past due since 2026-05-31 (certificate TWIN-SHUNT)",)),
    ],
)
def test_a_record_holds_until_the_end_of_its_due_date(
    records: Path, due: str, reasons: tuple[str, ...]
) -> None:
    verify_all(records)
    edit(records, "shunt", ("due = 2099-12-31", f"due = {due}"))
    assert station(records).calibration.shortcomings(TODAY) == reasons


def test_a_record_says_nothing_of_the_time_before_it(records: Path) -> None:
    verify_all(records)
    reasons = station(records).calibration.shortcomings(date(2025, 12, 31))
    assert "shunt: calibrated only on 2026-01-01 (certificate TWIN-SHUNT)" in reasons


def test_an_absent_record_gives_way_to_the_makers_figures_and_marks_results(records: Path) -> None:
    verify_all(records)
    (records / "card.toml").unlink()
    (records / "shunt.toml").unlink()
    without = station(records)
    assert without.calibration.shortcomings(TODAY) == ("shunt: no record", "card: no record")
    assert circuit_of(without).shunt == 9.8
    assert figures_of(without).shunt.standard == pytest.approx(0.01 / np.sqrt(3.0))
    shipped = figures_of(load_station(STATIONS / "twin.toml"))
    assert figures_of(without).supply == shipped.supply


def test_a_station_may_name_files_or_nothing(records: Path) -> None:
    text = (records.parent / "twin.toml").read_text(encoding="utf-8")
    folder = 'calibration = "twin-calibration"'
    files = 'calibration = ["twin-calibration/shunt.toml", "twin-calibration/card.toml"]'
    path = records.parent / "twin.toml"
    path.write_text(text.replace(folder, files), encoding="utf-8")
    assert list(load_station(path).calibration.files) == ["shunt", "card"]
    path.write_text(text.replace(folder, ""), encoding="utf-8")
    assert load_station(path).calibration.files == {}
    path.write_text(text.replace(folder, "calibration = 3"), encoding="utf-8")
    with pytest.raises(StationFileError, match=r"twin\.toml: calibration: 3, wanted a folder or"):
        load_station(path)


MISTAKES = {
    "unknown key": ("shunt", ("tempco", "temcpo"), "temcpo: unknown key"),
    "missing key": ("shunt", ("verified = false\n", ""), "verified: missing key"),
    "wrong unit": ("shunt", ('"20 ppm/K"', '"20 ppm"'), 'tempco: "20 ppm" is not a temperature'),
    "no unit": ("card", ('"140 uV"', "0.00014"), "range.0.noise: 0.00014 has no unit"),
    "no date": ("supply", ("2026-01-01", '"soon"'), "date: "),
    "due first": ("supply", ("2099-12-31", "2025-12-31"), "due 2025-12-31 is before date"),
    "no kind": ("supply", ('kind = "supply"', 'kind = "suply"'), "kind: 'suply', wanted one of"),
    "not TOML": ("time-base", ("kind", "kind kind"), "time-base.toml: "),
    "of another card": ("card", ('"PCI-6251"', '"PCI-6281"'), "record is of a PCI-6281"),
    "range missing": ("card", ('range = "1 V"', 'range = "2 V"'), "has no range 1 V: add one"),
    "another shunt": ("shunt", ('"9.8 ohm"', '"98 ohm"'), "record says 98 ohm, shunt.resistance"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_its_file_and_key(mistake: str, records: Path) -> None:
    kind, change, message = MISTAKES[mistake]
    edit(records, kind, change)
    with pytest.raises(StationFileError) as caught:
        station(records)
    assert message in str(caught.value)
    assert str(records.parent) in str(caught.value)


def test_two_records_of_a_kind_are_refused(records: Path) -> None:
    shutil.copy(records / "shunt.toml", records / "shunt-old.toml")
    with pytest.raises(StationFileError, match=r"shunt\.toml: a second record of the shunt beside"):
        station(records)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StationFileError, match=r"none\.toml: calibration record cannot be read"):
        load_calibration([tmp_path / "none.toml"])


def test_an_empty_folder_is_no_calibration(tmp_path: Path) -> None:
    with pytest.raises(StationFileError, match="no calibration record in it"):
        load_calibration([tmp_path])


def test_results_are_corrected_for_what_was_found(records: Path) -> None:
    edit(records, "shunt", ('"9.8 ohm"', '"9.803 ohm"'))
    edit(records, "card", ('range = "5 V"', 'range = "5 V"\ngain_found = "-20 ppm"'))
    edit(records, "card", ('range = "1 V"', 'range = "1 V"\noffset_found = "50 uV"'))
    edit(records, "time-base", ("uncertainty", 'rate_found = "12 ppm"\nuncertainty'))
    found = station(records)
    assert circuit_of(found).shunt == 9.803
    assert corrections_of(found) == Corrections(
        ChannelCorrection(gain=-20e-6), ChannelCorrection(offset=50e-6), rate=12e-6
    )


def test_a_corrected_reading_gives_the_energy_of_the_undistorted_one() -> None:
    supply = np.linspace(3.29, 3.31, 101)
    shunt = np.linspace(0.4, 0.5, 101)
    true = Trace(100e3 * (1 + 40e-6), 0, supply, shunt, supply)
    read = Trace(100e3, 0, supply * 1.01 + 0.02, shunt * 0.99 - 0.003, supply)
    correction = Corrections(
        ChannelCorrection(0.01, 0.02), ChannelCorrection(-0.01, -0.003), rate=40e-6
    )
    circuit = circuit_of(load_station(STATIONS / "twin.toml"))
    window = Window(3.5, 90.25)
    expected = window_energy(true, window, circuit)
    seen = window_energy(corrected(read, correction), window, circuit)
    assert seen.energy == pytest.approx(expected.energy, rel=1e-12)
    assert seen.seconds == pytest.approx(expected.seconds, rel=1e-14)


def test_without_anything_found_a_trace_stays_what_it_is() -> None:
    samples = np.linspace(0.1, 0.5, 11)
    trace = Trace(100e3, 0, samples, samples, samples)
    nothing = corrections_of(load_station(STATIONS / "twin.toml"))
    assert np.shares_memory(corrected(trace, nothing).shunt, samples)
    assert corrected(trace, nothing).rate == trace.rate


def test_simulated_parts_are_drawn_about_what_the_records_found(records: Path) -> None:
    edit(records, "shunt", ('"9.8 ohm"', '"9.9 ohm"'))
    edit(records, "card", ('range = "1 V"', 'range = "1 V"\ngain_found = "0.3 %"'))
    parts = [sound_equipment(station(records), seed) for seed in range(40)]
    shunts = np.array([part.components.shunt for part in parts])
    assert shunts.mean() == pytest.approx(9.9, rel=0.0003)
    assert 0.0003 < shunts.std() / 9.9 < 0.0007
    assert parts[0].tolerances.accuracy[1.0].gain_found == 0.003
    assert parts[0].components == sound_equipment(station(records), 0).components
