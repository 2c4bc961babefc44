"""The folder of a report: whole files or none, the same report whatever the order of work."""

import json
import os
from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import ReportError
from bench.report.files import RecordFolder, load_report, write_atomically
from bench.report.record import BaseRecord, CheckRecord, ClaimRecord, VariantRecord
from tests.unit import records

VARIANTS = [records.variant("C_1-D", energy=1e-3), records.variant("C_2-F", scores={1: 0.5})]
BASE = records.base("C_1", {3: 0.9, 1: 0.8})
CLAIM = ClaimRecord(claim="Table 3: C_1-D", verdict="agrees", published="fits", found="fits")


@pytest.fixture
def folder(tmp_path: Path) -> RecordFolder:
    folder = RecordFolder(tmp_path / "reports" / "sim")
    folder.begin()
    return folder


def whole(path: Path) -> list[str]:
    return sorted(str(file.relative_to(path)) for file in path.rglob("*") if file.is_file())


def test_records_come_back_as_they_were_written(folder: RecordFolder) -> None:
    for record in VARIANTS:
        folder.write(record.variant, record)
    folder.write("C_1", BASE)
    folder.write(CLAIM.claim, CLAIM)
    assert folder.read(VariantRecord) == VARIANTS
    assert folder.read(BaseRecord) == [BASE]
    assert folder.read(ClaimRecord) == [CLAIM]


def test_a_record_takes_the_place_of_an_earlier_one(folder: RecordFolder) -> None:
    folder.write("C_1-D", VARIANTS[0])
    again = VARIANTS[0].model_copy(update={"error": "no supply"})
    folder.write("C_1-D", again)
    assert folder.read(VariantRecord) == [again]


def test_a_network_and_its_base_do_not_collide(folder: RecordFolder) -> None:
    folder.write("C_1", BASE)
    folder.write("C_1", records.variant("C_1-L"))
    folder.write("C_1", CLAIM)
    assert (len(folder.read(BaseRecord)), len(folder.read(VariantRecord))) == (1, 1)


def test_the_report_does_not_depend_on_the_order_of_work(tmp_path: Path) -> None:
    work: list[Callable[[RecordFolder], None]] = [
        lambda folder: folder.write("C_1-D", VARIANTS[0]),
        lambda folder: folder.write("C_2-F", VARIANTS[1]),
        lambda folder: folder.write("C_1", BASE),
        lambda folder: folder.write_run(records.FACTS),
    ]
    contents = set()
    for number, order in enumerate(permutations(work)):
        folder = RecordFolder(tmp_path / str(number))
        for write in order:
            write(folder)
        folder.assemble()
        contents.add((folder.path / "report.json").read_bytes())
    assert len(contents) == 1


def test_a_report_is_read_back(folder: RecordFolder) -> None:
    folder.write_run(records.FACTS)
    folder.write("C_1-D", VARIANTS[0])
    report = folder.assemble()
    assert report == load_report(folder.path / "report.json")
    assert report is not None
    assert (report.schema_version, report.run) == (1, records.FACTS)
    assert report.variants == (VARIANTS[0],)


def test_a_report_is_plain_json_with_infinite_degrees_of_freedom(folder: RecordFolder) -> None:
    folder.write_run(records.FACTS)
    folder.write("C_1-D", VARIANTS[0])
    folder.assemble()

    def refuse(constant: str) -> None:
        pytest.fail(f"{constant} is not JSON")

    content = json.loads((folder.path / "report.json").read_text(), parse_constant=refuse)
    assert content["variants"][0]["measurement"]["energy"]["dof"] == "Infinity"


def test_nothing_was_run_and_nothing_is_reported(folder: RecordFolder) -> None:
    assert folder.assemble() is None
    assert whole(folder.path) == []


def test_a_new_run_forgets_the_last_one_and_nothing_else(folder: RecordFolder) -> None:
    folder.write_run(records.FACTS)
    folder.write("C_1-D", VARIANTS[0])
    folder.assemble()
    (folder.traces / "C_1-D-1-1.tdms").write_bytes(b"")
    (folder.path / "notes.txt").write_text("mine")
    folder.begin()
    assert whole(folder.path) == ["notes.txt"]


@pytest.mark.parametrize("damage", ["{", '{"variant": 3}', "", "\x00"])
def test_a_damaged_record_is_an_error_that_names_it(folder: RecordFolder, damage: str) -> None:
    folder.write_run(records.FACTS)
    folder.write("C_1-D", VARIANTS[0])
    path = folder.path / "records" / "variant-C_1-D.json"
    path.write_text(damage)
    with pytest.raises(ReportError, match=r"variant-C_1-D.json: .*run the bench again"):
        folder.assemble()


@settings(max_examples=50)
@given(st.data())
def test_a_cut_or_altered_report_is_an_error_or_a_report(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = RecordFolder(tmp_path_factory.getbasetemp() / "damaged")
    folder.write_run(records.FACTS)
    folder.write("C_1-D", VARIANTS[0])
    folder.assemble()
    path = folder.path / "report.json"
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        assert load_report(path).run.station
    except ReportError as error:
        assert str(path) in str(error)  # noqa: PT017  # a harmless change is as good


def test_an_energy_that_is_no_number_is_named(folder: RecordFolder) -> None:
    folder.write_run(records.FACTS)
    folder.write("C_1-D", VARIANTS[0])
    folder.assemble()
    path = folder.path / "report.json"
    content = json.loads(path.read_text("utf-8"))
    content["variants"][0]["measurement"]["energy"]["value"] = "NaN"
    path.write_text(json.dumps(content))
    with pytest.raises(ReportError, match=r"measurement\.energy\.value: .* finite number"):
        load_report(path)


def test_an_unknown_field_is_named(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(json.dumps({"run": records.FACTS.model_dump() | {"colour": "red"}}))
    with pytest.raises(ReportError, match=r"report.json: run.colour: Extra inputs"):
        load_report(path)
    (tmp_path / "notes.json").write_text("# Notes")
    with pytest.raises(ReportError, match=r"notes.json: is damaged, .* name another report.json"):
        load_report(tmp_path / "notes.json")
    with pytest.raises(ReportError, match=r"absent.json: cannot be read: No such file"):
        load_report(tmp_path / "absent.json")


def test_an_interrupted_write_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.json"
    write_atomically(path, "old")

    def interrupted(source: str, target: Path) -> None:
        assert Path(source).read_text() == "new"
        assert target.read_text() == "old"
        raise KeyboardInterrupt

    monkeypatch.setattr("bench.report.files.os.replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert whole(tmp_path) == ["report.json"]


def test_what_is_no_file_is_written_to(tmp_path: Path) -> None:
    read, write = os.pipe()
    with open(read, encoding="utf-8") as pipe:
        with open(write):
            write_atomically(Path(f"/dev/fd/{write}"), "a table")
        assert pipe.read() == "a table"


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to("report.html")
    write_atomically(tmp_path / "latest", "a page")
    assert (tmp_path / "latest").is_symlink()
    assert (tmp_path / "report.html").read_text() == "a page"


def test_a_full_disk_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("bench.report.files.os.replace", full)
    with pytest.raises(ReportError, match=r"a.json: cannot be written: No space left.*: free some"):
        write_atomically(tmp_path / "a.json", "text")
    assert whole(tmp_path) == []


def test_a_folder_that_is_a_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_text("I was here")
    folder = RecordFolder(path)
    with pytest.raises(ReportError, match=r"report: cannot be written"):
        folder.begin()
    with pytest.raises(ReportError, match=r"traces: cannot be written"):
        _ = folder.traces
    with pytest.raises(ReportError, match=r"C_1.json: cannot be written"):
        folder.write("C_1", BASE)
    assert path.read_text() == "I was here"


@given(st.text(min_size=1, max_size=40))
def test_any_name_makes_a_file_in_the_folder_of_records(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    folder = RecordFolder(tmp_path_factory.getbasetemp() / "names")
    folder.begin()
    folder.write(name, BASE)
    assert folder.read(BaseRecord) == [BASE]
    assert len(whole(folder.path)) == 1


def test_a_self_check_is_part_of_the_report_and_of_no_later_one(tmp_path: Path) -> None:
    folder = RecordFolder(tmp_path)
    folder.begin()
    folder.write_run(records.FACTS)
    checks = (CheckRecord(name="clock", verdict="ok", figure=8e-6, limit=2e-4, unit="1"),)
    folder.write_self_check(checks)
    report = folder.assemble()
    assert report is not None
    assert report.self_check == checks
    assert load_report(tmp_path / "report.json").self_check == checks
    folder.begin()
    folder.write_run(records.FACTS)
    again = folder.assemble()
    assert again is not None
    assert again.self_check == ()
