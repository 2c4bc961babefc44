"""A report of the twin, computed again from its traces: the same figures, or the corrected ones."""

import shutil
from collections.abc import Callable
from datetime import date
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from typer.testing import CliRunner

from bench.cli import app
from bench.errors import ReportError, StationFileError
from bench.measurement.trace import TraceFileError
from bench.report.convert import calibration_records
from bench.report.files import REPORT, RecordFolder, load_report, write_report
from bench.report.record import ModelRecord, Report, VariantRecord
from bench.run.campaign import Campaign
from bench.run.live import LiveTask
from bench.run.models_side import ModelsSide
from bench.run.options import Options
from bench.run.places import TWIN_FILE
from bench.run.reanalysis import reanalyse
from bench.run.selection import Case
from bench.run.subject import Subject
from bench.station.calibration import Calibration, load_calibration
from bench.station.configuration import load_station, station_text
from bench.verdict.rules import Outcome
from models.pipeline import Pipeline
from models.stream import Stream, stitched
from models.surrogate import surrogate
from tests.twin.tiny_models import standardised
from tests.unit import records

RECORDS = TWIN_FILE.parent / "twin-calibration"
LIMITS = """
dataset = "uci-har"
fold = 0

[[limit]]
variant = "tiny-*"
quantity = "energy"
unit = "J"
max = 1.0
rule = "guard band"
source = "a test"
"""


class TinyModels(ModelsSide):
    """Variants that need no training."""

    @cached_property
    def stream(self) -> Stream:
        return stitched(surrogate(0).of([1]))

    def subject(self, case: Case) -> tuple[Subject, ModelRecord]:
        tiny = standardised(case.name, LiveTask(3))
        return tiny, ModelRecord(size=len(tiny.image.model), sha256="0" * 64, crc32=0)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a report that was just measured."""
    path = tmp_path_factory.mktemp("report")
    limits = path / "limits.toml"
    limits.write_text(LIMITS, encoding="utf-8")
    data = SimpleNamespace(dataset=SimpleNamespace(name="uci-har"), split=SimpleNamespace(fold=0))
    folder = RecordFolder(path)
    station = load_station(TWIN_FILE)
    facts = {
        "calibration": calibration_records(station.calibration),
        "uncalibrated": station.calibration.shortcomings(date(2026, 6, 1)),
        "station_file": station_text(TWIN_FILE),
        "started": "2026-06-01T12:00:00+00:00",
    }
    folder.write_run(records.FACTS.model_copy(update=facts))
    options = Options(mode="sim", networks={}, limits=limits)
    campaign = Campaign(TinyModels(options, lambda: cast(Pipeline, data)), folder)
    try:
        for technique in "DLF":  # a reference that comes late is one all the same
            case = Case("sim", "tiny", technique)
            campaign.fitted(case)
            campaign.energy(case)
    finally:
        campaign.close()
    assert folder.assemble() is not None
    return path


@pytest.fixture
def folder(fresh: Path, tmp_path: Path) -> Path:
    """A copy of the report that a test may spoil."""
    return Path(shutil.copytree(fresh, tmp_path / "copy"))


def other_records(path: Path, **changes: tuple[str, str]) -> Calibration:
    """The twin's records of these kinds, changed."""
    path.mkdir()
    for kind, (old, new) in changes.items():
        text = (RECORDS / f"{kind}.toml").read_text(encoding="utf-8")
        assert old in text
        (path / f"{kind}.toml").write_text(text.replace(old, new), encoding="utf-8")
    return load_calibration([path])


def variants(report: Report) -> dict[str, VariantRecord]:
    return {record.technique: record for record in report.variants}


def test_the_same_records_give_the_same_report_to_the_last_byte(fresh: Path) -> None:
    again = reanalyse(fresh / REPORT).computed
    assert again.run.reanalysed
    same = again.run.model_copy(update={"reanalysed": ""})
    text = again.model_copy(update={"run": same}).model_dump_json(indent=1) + "\n"
    assert text == (fresh / REPORT).read_text(encoding="utf-8")
    assert len([record for record in again.variants if record.measurement]) == 3
    assert len([record for record in again.variants if record.live]) == 3


def test_a_shunt_one_per_cent_larger_means_energies_one_per_cent_smaller(
    fresh: Path, tmp_path: Path
) -> None:
    others = other_records(
        tmp_path / "others",
        shunt=('resistance = "9.8 ohm"', 'resistance = "9.898 ohm"'),
        supply=('limit = "0.1 %"', 'limit = "3 %"'),
    )
    found = reanalyse(fresh / REPORT, others)
    for old, new in zip(found.stored.variants, found.computed.variants, strict=True):
        assert old.measurement is not None
        assert new.measurement is not None
        before, after = old.measurement, new.measurement
        assert after.energy.value == pytest.approx(before.energy.value / 1.01, rel=1e-6)
        assert after.energy.expanded == pytest.approx(before.energy.expanded / 1.01, rel=1e-3)
        assert after.idle_power.value == pytest.approx(before.idle_power.value / 1.01, rel=1e-6)
        assert after.windows[0].energy == pytest.approx(before.windows[0].energy / 1.01, rel=1e-6)
        assert after.latency == before.latency
        assert old.live is not None
        assert new.live is not None
        assert new.live.power.value == pytest.approx(old.live.power.value / 1.01, rel=1e-6)
        assert new.live.battery_life == pytest.approx(old.live.battery_life * 1.01, rel=1e-6)
        (judgement,) = new.judgements
        assert (judgement.value, judgement.rule) == (after.energy.value, "guard band")
    kinds = {record.kind: record for record in found.computed.run.calibration}
    assert "9.898 ohm" in kinds["shunt"].text
    assert "3 %" in kinds["supply"].text
    assert kinds["card"] == found.stored.run.calibration[1]


def test_a_card_and_a_clock_with_errors_that_were_found_are_corrected(
    fresh: Path, tmp_path: Path
) -> None:
    others = other_records(
        tmp_path / "others",
        card=('range = "1 V"', 'range = "1 V"\ngain_found = "0.05 %"'),
        **{"time-base": ("uncertainty", 'rate_found = "30 ppm"\nuncertainty')},
    )
    found = reanalyse(fresh / REPORT, others)
    before, after = (variants(report)["L"].measurement for report in (found.stored, found.computed))
    assert before is not None
    assert after is not None
    # v / 1.0005 in (s - v) v / R, over a time shorter by 30 ppm; s is eight times v.
    drop = 9.8 * before.windows[0].mean_current
    factor = (1.0 - 5e-4 * (1.0 - drop / (3.3 - drop))) * (1.0 - 30e-6)
    assert after.energy.value / before.energy.value == pytest.approx(factor, abs=2e-6)


def test_a_limit_is_judged_anew(folder: Path, tmp_path: Path) -> None:
    report = load_report(folder / REPORT)
    energy = variants(report)["L"].measurement
    assert energy is not None
    tight = energy.energy.value * 0.995
    records_ = [
        record.model_copy(
            update={
                "judgements": tuple(
                    j.model_copy(update={"limit": tight, "outcome": Outcome.FAIL})
                    for j in record.judgements
                )
            }
        )
        for record in report.variants
        if record.technique == "L"
    ]
    write_report(folder / REPORT, report.model_copy(update={"variants": tuple(records_)}))
    (same,) = reanalyse(folder / REPORT).computed.variants
    others = other_records(
        tmp_path / "others",
        shunt=('resistance = "9.8 ohm"', 'resistance = "9.898 ohm"'),
        supply=('limit = "0.1 %"', 'limit = "3 %"'),
    )
    (corrected,) = reanalyse(folder / REPORT, others).computed.variants
    assert [j.outcome for j in same.judgements] == ["fail"]
    assert [j.outcome for j in corrected.judgements] == ["pass"]


def test_records_that_the_supply_contradicts_leave_no_energy(fresh: Path, tmp_path: Path) -> None:
    others = other_records(
        tmp_path / "others", shunt=('resistance = "9.8 ohm"', 'resistance = "10.1 ohm"')
    )
    for record in reanalyse(fresh / REPORT, others).computed.variants:
        assert record.measurement is None
        assert record.saving is None
        assert record.judgements == ()
        assert "by the supply (En = " in str(record.error)


def test_a_record_that_was_past_due_on_the_day_of_the_run_marks_it(
    fresh: Path, tmp_path: Path
) -> None:
    others = other_records(tmp_path / "others", card=("due = 2099-12-31", "due = 2026-05-31"))
    others_verified = other_records(
        tmp_path / "verified", card=("verified = false", "verified = true")
    )
    facts = reanalyse(fresh / REPORT, others).computed.run
    assert not facts.calibrated
    assert "card: not verified" in facts.uncalibrated
    facts = reanalyse(fresh / REPORT, others_verified).computed.run
    assert [reason for reason in facts.uncalibrated if "card" in reason] == []


def test_records_of_another_station_are_refused(fresh: Path, tmp_path: Path) -> None:
    others = other_records(tmp_path / "others", card=('card = "PCI-6251"', 'card = "PCI-6221"'))
    with pytest.raises(StationFileError, match="record is of a PCI-6221, the station's is a"):
        reanalyse(fresh / REPORT, others)


def remove(path: Path) -> None:
    path.unlink()


def change_a_sample(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["tiny_L-own-1-2.tdms", "tiny_L-own-idle-1.tdms"])
@pytest.mark.parametrize("harm", [remove, change_a_sample])
def test_a_trace_that_is_gone_or_changed_is_one_error_that_names_it(
    folder: Path, harm: Callable[[Path], None], name: str
) -> None:
    harm(folder / "traces" / name)
    with pytest.raises(TraceFileError, match=name):
        reanalyse(folder / REPORT)
    done = CliRunner().invoke(app, ["reanalyse", str(folder)])
    assert isinstance(done.exception, TraceFileError)
    assert not (folder / "report-reanalysed.json").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"station_file": ""}, "holds no station file"),
        ({"station_file": "name = 3"}, r"run\.station_file: name: "),
    ],
)
def test_a_report_without_what_is_needed_says_what(
    folder: Path, change: dict[str, object], message: str
) -> None:
    report = load_report(folder / REPORT)
    changed = report.model_copy(update={"run": report.run.model_copy(update=change)})
    write_report(folder / REPORT, changed)
    with pytest.raises((ReportError, StationFileError), match=message):
        reanalyse(folder / REPORT)


def test_a_stored_record_that_was_edited_is_refused(folder: Path) -> None:
    report = load_report(folder / REPORT)
    edited = report.run.calibration[0].model_copy(update={"text": "kind = 1"})
    facts = report.run.model_copy(update={"calibration": (edited,)})
    write_report(folder / REPORT, report.model_copy(update={"run": facts}))
    with pytest.raises(ReportError, match=r"the text of shunt\.toml has SHA-256"):
        reanalyse(folder / REPORT)


def test_a_report_that_does_not_say_when_it_began_is_refused(folder: Path) -> None:
    report = load_report(folder / REPORT)
    facts = report.run.model_copy(update={"started": "yesterday"})
    write_report(folder / REPORT, report.model_copy(update={"run": facts}))
    with pytest.raises(ReportError, match=r"run\.started is 'yesterday', wanted a time"):
        reanalyse(folder / REPORT)


def test_the_command_writes_beside_the_report_and_leaves_it_as_it_is(folder: Path) -> None:
    before = (folder / REPORT).read_bytes()
    done = CliRunner().invoke(app, ["reanalyse", str(folder)])
    assert done.exit_code == 0, done.output
    assert done.output.count("identical") == 3
    assert (folder / REPORT).read_bytes() == before
    written = load_report(folder / "report-reanalysed.json")
    assert written.variants == load_report(folder / REPORT).variants
    refused = CliRunner().invoke(app, ["reanalyse", str(folder), "-o", str(folder / REPORT)])
    assert isinstance(refused.exception, ReportError)
    assert (folder / REPORT).read_bytes() == before


def test_the_command_shows_what_other_records_change(folder: Path, tmp_path: Path) -> None:
    other_records(
        tmp_path / "others",
        shunt=('resistance = "9.8 ohm"', 'resistance = "9.81 ohm"'),
    )
    out = tmp_path / "new" / "corrected.json"
    done = CliRunner().invoke(
        app, ["reanalyse", str(folder), "--calibration", str(tmp_path / "others"), "-o", str(out)]
    )
    assert done.exit_code == 0, done.output
    assert done.output.count("(-0.102%)") == 3
    assert load_report(out).run.reanalysed


def test_the_command_prints_a_variants_budgets(folder: Path) -> None:
    done = CliRunner().invoke(app, ["reanalyse", str(folder), "--budget", "tiny-D"])
    saved = variants(load_report(folder / REPORT))["D"].saving
    assert saved is not None
    assert "tiny-D, energy of one inference: " in done.output
    title = f"tiny-D, saving against L: {saved.value:.6g} ± {saved.expanded:.2g} (95 %, k = "
    table = done.output.partition(title)[2].splitlines()
    assert table[2].split()[:-3] == saved.budget[0].influence.split()
    wrong = CliRunner().invoke(app, ["reanalyse", str(folder), "--budget", "tiny-X"])
    assert "tiny-X has no energy; wanted one of those with: tiny-" in str(wrong.exception)


def test_savings_are_on_record_with_their_own_budget(fresh: Path) -> None:
    found = variants(load_report(fresh / REPORT))
    assert found["L"].saving is None
    for technique in "DF":
        saved, reference, own = found[technique].saving, found["L"], found[technique]
        assert saved is not None
        assert reference.measurement is not None
        assert own.measurement is not None
        expected = 1.0 - own.measurement.energy.value / reference.measurement.energy.value
        assert saved.value == pytest.approx(expected, rel=1e-12)
        relative = own.measurement.energy.expanded / own.measurement.energy.value
        assert saved.expanded < relative / 5.0
        shares = {row.influence: row.share for row in saved.budget}
        assert shares.get("shunt resistance", 0.0) < 1e-3
        assert sum(shares.values()) == pytest.approx(1.0)
