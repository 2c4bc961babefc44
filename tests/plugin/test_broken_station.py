"""A station that fails its self-check: one error that says why, and the rest is skipped at once."""

import shutil
from functools import partial
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.measurement.checks import OpenLeadError
from bench.report.files import RecordFolder, load_report
from bench.run import places
from bench.run import station as station_of_the_run
from bench.run.campaign import Campaign
from bench.run.models_side import ModelsSide
from bench.run.options import Options
from bench.run.own import load_own
from bench.run.selection import OWN, Case
from bench.run.station import StationBrokenError
from models.pipeline import Pipeline

pytest_plugins = ("pytester",)

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "tests" / "data" / "tiny-F.tflite"
OWN_MODEL = load_own(MODEL, MODEL.with_suffix(".npz"))
CARD = "no gRPC device server at 127.0.0.1:9"


@pytest.fixture
def station(tmp_path: Path) -> Path:
    """A station file at whose addresses nobody is."""
    shutil.copytree(ROOT / "stations" / "twin-calibration", tmp_path / "twin-calibration")
    text = (ROOT / "stations" / "twin.toml").read_text("utf-8")
    for twin, address in (
        ('resource = "twin"', 'resource = "TCPIP::127.0.0.1::9::SOCKET"'),
        ('grpc = "twin"', 'grpc = "127.0.0.1:9"'),
        ('port = "twin"', 'port = "/dev/absent"'),
        ('timeout = "15 s"', 'timeout = "0.2 s"'),
        ('guardian = "30 s"', 'guardian = "0.2 s"'),
    ):
        assert twin in text
        text = text.replace(twin, address)
    file = tmp_path / "absent.toml"
    file.write_text(text, "utf-8")
    return file


def no_pipeline() -> Pipeline:
    raise AssertionError("a user's own model needs no pipeline")


def test_the_rest_is_skipped_without_trying_again(station: Path, tmp_path: Path) -> None:
    folder = RecordFolder(tmp_path / "report")
    options = Options(mode="hw", networks={}, station=station, own=OWN_MODEL)
    campaign = Campaign(ModelsSide(options, no_pipeline), folder)
    try:
        with pytest.raises(BenchError, match=CARD):
            campaign.fitted(Case("hw", "first", OWN))
        with pytest.raises(StationBrokenError, match=f"the station is broken: .*{CARD}"):
            campaign.fitted(Case("hw", "second", OWN))
    finally:
        campaign.close()


def test_what_only_the_self_check_finds_breaks_the_station_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty = partial(places.twin_place, faults=["shunt-lead-off"])
    monkeypatch.setattr(station_of_the_run, "twin_place", faulty)
    options = Options(mode="sim", networks={}, own=OWN_MODEL)
    campaign = Campaign(ModelsSide(options, no_pipeline), RecordFolder(tmp_path / "report"))
    try:
        with pytest.raises(OpenLeadError):
            campaign.fitted(Case("sim", "first", OWN))
        with pytest.raises(StationBrokenError, match="a lead of the card floats"):
            campaign.fitted(Case("sim", "second", OWN))
    finally:
        campaign.close()


def test_the_report_tells_each_attempt_at_the_self_check(
    pytester: pytest.Pytester, station: Path
) -> None:
    pytester.makeini("[pytest]\nmarkers =\n    sim:\n    hw:\njunit_family = xunit1\n")
    pytester.makeconftest('pytest_plugins = ["bench.plugin"]')
    for name in ("test_fits.py", "test_energy.py"):
        shutil.copy(ROOT / "tests" / "characterisation" / name, pytester.path)
    result = pytester.runpytest_inprocess(
        "-m", "hw", f"--station={station}", f"--model={MODEL}",
        f"--golden={MODEL.with_suffix('.npz')}", "--report=out",
    )  # fmt: skip
    result.assert_outcomes(errors=2)
    report = load_report(pytester.path / "out" / "report.json")
    (record,) = report.variants
    assert record.error is not None
    assert CARD in record.error
    assert record.measurement is None
    assert {check.attempt for check in report.self_check} == {1, 2}
    assert [check.verdict for check in report.self_check if check.name == "card"] == ["failed"] * 2
    assert not any(check.verdict == "ok" for check in report.self_check)
