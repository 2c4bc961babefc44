"""The report's page as a browser shows it."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Page

from bench.report.publish import write_page
from bench.report.record import Report
from models.catalog import NETWORKS
from tests.browser.conftest import Open
from tests.unit import records, waves

SIZE = 15_000_000


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of nine variants with three windows each."""
    return written(tmp_path_factory.mktemp("page"), ["C_1", "C_2", "CL_6"], windows=3)


def written(folder: Path, networks: Sequence[str], windows: int, gone: str = "") -> Path:
    """The page of these networks on the surrogate, without the trace file that is `gone`."""
    facts = records.FACTS.model_copy(update={"surrogate": True, "dataset": "surrogate"})
    report = Report(run=facts, variants=waves.matrix(folder / "traces", networks, windows))
    if gone:
        (folder / "traces" / gone).unlink()
    write_page(report, folder / "traces", folder / "report.html")
    return folder / "report.html"


def variants(page: Page) -> list[str]:
    return [name.strip() for name in page.locator("#variant-table .unfold").all_inner_texts()]


def column(page: Page, title: str) -> int:
    titles = page.locator("#variant-table .sort").all_inner_texts()
    return next(place for place, text in enumerate(titles) if text.startswith(title))


def test_it_opens_from_disk_alone_and_without_complaint(report: Path, open_page: Open) -> None:
    page, seen = open_page(report)
    page.get_by_role("button", name="Unfold all").click()
    page.locator('[id="CL_6-D"] .scope svg').first.wait_for()
    assert seen.complaints == []
    assert seen.requests == [report.as_uri()]


def test_all_42_variants_with_five_windows_are_small_enough(
    tmp_path: Path, open_page: Open
) -> None:
    path = written(tmp_path, list(NETWORKS), windows=5)
    assert path.stat().st_size < SIZE
    page, seen = open_page(path)
    page.locator('[id="CL_6-F"] .unfold').click()
    page.locator('[id="CL_6-F"] .scope svg').first.wait_for()
    assert (len(variants(page)), seen.complaints) == (42, [])


def test_what_must_be_known_first_is_first(report: Path, open_page: Open) -> None:
    page, _ = open_page(report)
    lines = [line for line in page.locator("body").inner_text().splitlines() if line.strip()]
    assert lines[0].startswith("SURROGATE DATA.")
    assert lines[1].startswith("UNCALIBRATED.")
    assert page.locator(".notice").first.is_visible()


def test_a_column_sorts_by_click_up_and_down(report: Path, open_page: Open) -> None:
    page, _ = open_page(report)
    assert variants(page)[:4] == ["C_1-L", "C_1-D", "C_1-F", "C_2-L"]
    energy = page.locator("#variant-table th").nth(column(page, "Energy"))
    energy.get_by_role("button").click()
    assert energy.get_attribute("aria-sort") == "ascending"
    rising = variants(page)
    energy.get_by_role("button").click()
    assert energy.get_attribute("aria-sort") == "descending"
    assert variants(page) == rising[::-1]
    assert variants(page)[0] == "CL_6-F"
    assert page.locator("#variant-table [aria-sort]").count() == 1


def test_a_column_sorts_by_keyboard_and_what_is_unknown_stays_last(
    report: Path, open_page: Open
) -> None:
    page, _ = open_page(report)
    saved = page.locator("#variant-table th").nth(column(page, "Saved"))
    saved.get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert all(name.endswith("-L") for name in variants(page)[-3:])
    page.keyboard.press("Space")
    assert saved.get_attribute("aria-sort") == "descending"
    assert all(name.endswith("-L") for name in variants(page)[-3:])


def test_a_row_unfolds_by_keyboard_and_draws_its_waveform(report: Path, open_page: Open) -> None:
    page, _ = open_page(report)
    row = page.locator('[id="C_1-D"]')
    assert row.locator("svg.plot").count() == 0  # nothing is drawn before it is asked for
    row.locator(".unfold").focus()
    page.keyboard.press("Enter")
    assert row.locator(".unfold").get_attribute("aria-expanded") == "true"
    whole, rise, fall = row.locator(".window:visible svg.plot").all()
    assert "minimum and maximum in 2,000 stretches" in str(whole.get_attribute("aria-label"))
    for drawing in (whole, rise, fall):
        assert drawing.locator("path.signal").count() == 3
        assert drawing.locator("line.edge").count() == (2 if drawing is whole else 1)
    # The falling edge is 50 ms after the rise, and drawn there, at every sample around it.
    ticks = [float(text) for text in fall.locator("text.tick").all_text_contents()[:5]]
    assert min(ticks) >= 48 - 0.01
    assert max(ticks) <= 52 + 0.01
    samples = str(rise.locator("path.s-marker").get_attribute("d")).count(",")
    assert samples == 301  # all 100 before the trigger, and 2 ms after the rise half a sample early
    page.keyboard.press("Enter")
    assert not row.locator(".panel").is_visible()


def test_a_row_unfolds_wherever_it_is_clicked(report: Path, open_page: Open) -> None:
    page, _ = open_page(report)
    row = page.locator('[id="C_1-D"]')
    for expected in ("true", "false"):
        row.locator("td").nth(3).click()
        assert row.locator(".unfold").get_attribute("aria-expanded") == expected


def test_another_window_is_chosen_and_drawn(report: Path, open_page: Open) -> None:
    page, _ = open_page(report)
    row = page.locator('[id="C_1-D"]')
    row.locator(".unfold").click()
    row.locator(".choice button").nth(2).click()
    assert row.locator(".choice [aria-pressed=true]").inner_text() == "3"
    shown = row.locator(".window:visible")
    assert shown.locator("svg.plot").count() == 3
    assert "C_1-D-1-3.tdms" in shown.inner_text()


def test_the_pointer_reads_the_waveform(report: Path, open_page: Open) -> None:
    page, _ = open_page(report)
    row = page.locator('[id="C_1-D"]')
    row.locator(".unfold").click()
    drawing = row.locator(".window:visible svg.plot").first
    drawing.scroll_into_view_if_needed()
    box = drawing.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    told = row.locator(".window:visible .readout").inner_text()
    assert "current 39." in told or "current 40.0" in told
    assert "marker 3.30 to 3.30 V" in told


def test_a_missing_trace_is_said_and_nothing_else_is_missing(
    tmp_path: Path, open_page: Open
) -> None:
    path = written(tmp_path, ["C_2"], windows=1, gone="C_2-L-1-1.tdms")
    page, seen = open_page(path)
    page.get_by_role("button", name="Unfold all").click()
    words = page.locator('[id="C_2-L"]').inner_text()
    assert "the trace file C_2-L-1-1.tdms is not in traces/" in words
    assert "shunt resistance" in words
    assert "Traces missing." in page.locator(".notice").last.inner_text()
    assert seen.complaints == []


def test_a_link_leads_to_the_unfolded_variant(report: Path, open_page: Open) -> None:
    page, _ = open_page(report)
    page.locator('#pareto a[href="#CL_6-F"]').focus()
    page.keyboard.press("Enter")
    page.locator('[id="CL_6-F"] .panel').wait_for()
    assert page.locator('[id="CL_6-F"] svg.plot').count() == 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_sticks_out_of_the_window(
    report: Path, open_page: Open, width: int, scheme: str
) -> None:
    page, _ = open_page(report, width, color_scheme=scheme)
    page.locator('[id="C_1-D"] .unfold').click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    panel = page.locator('[id="C_1-D"] .panel').bounding_box()
    assert panel is not None
    assert panel["width"] <= width


def test_the_keyboard_shows_where_it_is(report: Path, open_page: Open) -> None:
    page, _ = open_page(report)
    for _ in range(12):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid", page.evaluate("document.activeElement.outerHTML")


def test_paper_gets_all_that_is_in_sight_unfolded(report: Path, open_page: Open) -> None:
    page, _ = open_page(report)
    page.locator('[id="C_1-D"] .unfold').click()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open], [data-print=folded])").count() == 0
    assert not page.locator("nav").is_visible()
    assert page.locator('[id="C_1-D"] svg.plot').first.is_visible()
    assert not page.locator('[id="C_1-L"] .panel').is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == 0
