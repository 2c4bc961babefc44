"""Energies over past reports: order in time, changes of conditions, files that are none."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.errors import ReportError
from bench.report.history import load_history
from bench.report.html.timeline import render_history
from bench.report.record import Report
from tests.unit import records
from tests.unit.test_html_page import words


def write(folder: Path, name: str, day: int, energy: float | None = 1e-3, **facts: object) -> None:
    run = records.FACTS.model_copy(update={"started": f"2026-03-{day:02d}T12:00:00+00:00", **facts})
    report = Report(run=run, variants=(records.variant("C_1-L", energy=energy),))
    (folder / name).mkdir()
    (folder / name / "report.json").write_text(report.model_dump_json())


def test_runs_are_in_the_order_of_their_start(tmp_path: Path) -> None:
    write(tmp_path, "b", 1, energy=1e-3)
    write(tmp_path, "a", 3, energy=3e-3)
    write(tmp_path, "c", 2, energy=2e-3)
    history = load_history(tmp_path)
    assert [energy.value for _, energy in history.energies("C_1-L")] == [1e-3, 2e-3, 3e-3]
    assert history.variants == ["C_1-L"]
    assert history.changes == []


def test_a_change_of_conditions_is_marked_where_it_happened(tmp_path: Path) -> None:
    write(tmp_path, "a", 1)
    write(tmp_path, "b", 2)
    write(tmp_path, "c", 3, station="bench-2", profile="paper")
    write(tmp_path, "d", 4, station="bench-2", profile="paper", dataset_digest="1" * 64)
    first, second = load_history(tmp_path).changes
    assert (first.place, first.what) == (
        2, ("station twin to bench-2", "profile bench to paper"),
    )  # fmt: skip
    assert (second.place, second.what) == (3, ("content of the data set 00000000… to 11111111…",))


def test_a_run_that_did_not_measure_a_variant_leaves_a_gap(tmp_path: Path) -> None:
    write(tmp_path, "a", 1)
    write(tmp_path, "b", 2, energy=None)
    write(tmp_path, "c", 3)
    assert [place for place, _ in load_history(tmp_path).energies("C_1-L")] == [0, 2]


def test_files_that_are_no_reports_are_named_and_left_out(tmp_path: Path) -> None:
    write(tmp_path, "a", 1)
    write(tmp_path, "b", 2, started="yesterday")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "report.json").write_text("{")
    history = load_history(tmp_path)
    assert len(history.runs) == 1
    undated, damaged = sorted(history.unreadable)
    assert "run.started is 'yesterday'" in undated
    assert "c/report.json" in damaged
    assert "run.started is 'yesterday'" in words(render_history(history))


def test_a_folder_without_reports_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"no report\.json that can be read.*past runs"):
        load_history(tmp_path)


def plots(html: str) -> list[ElementTree.Element]:
    parts = html.split("<figure><svg")[1:]
    return [ElementTree.fromstring("<svg" + part.split("</svg>")[0] + "</svg>") for part in parts]


def test_each_energy_is_drawn_with_its_error_bar_and_lines_end_at_a_change(tmp_path: Path) -> None:
    for day in (1, 2, 5):
        write(tmp_path, f"a{day}", day)
    for day in (7, 8):
        write(tmp_path, f"b{day}", day, station="bench-2")
    (plot,) = plots(render_history(load_history(tmp_path)))
    assert len(plot.findall("circle")) == 5
    assert len([path for path in plot.findall("path") if "error" in path.attrib["class"]]) == 5
    before, after = [line.attrib["points"].split() for line in plot.findall("polyline")]
    assert (len(before), len(after)) == (3, 2)
    # The axis is one of time: the second gap before the change is three times the first.
    x = [float(point.split(",")[0]) for point in before]
    assert (x[2] - x[1]) / (x[1] - x[0]) == pytest.approx(3.0, rel=0.01)
    (change,) = [line for line in plot.findall("line") if line.attrib["class"] == "edge"]
    assert x[2] < float(change.attrib["x1"]) < float(after[0].split(",")[0])


def test_one_run_is_a_page_too(tmp_path: Path) -> None:
    write(tmp_path, "a", 1)
    told = words(render_history(load_history(tmp_path)))
    assert "Energy over 1 run" in told
    assert "C_1-L 1 1,000.0 ± 10.0 1,000.0 ± 10.0 0.00" in told
