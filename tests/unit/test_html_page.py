"""The page as text: what is on it, and what it does where something is missing."""

import re
from importlib import resources
from pathlib import Path
from typing import ClassVar

import pytest
from markupsafe import Markup

from bench.report.html import generic
from bench.report.html.page import render
from bench.report.html.pareto import pareto_figure, pareto_front
from bench.report.html.results import Results
from bench.report.html.verdicts import verdict
from bench.report.record import (
    AttemptRecord,
    CheckRecord,
    ClaimRecord,
    ComparisonRecord,
    EstimateRecord,
    GateRecord,
    Report,
    VariantRecord,
)
from tests.unit import records, waves


def words(html: str) -> str:
    """The text of a page without its scripts, styles and tags."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return " ".join(Markup(re.sub(r"<[^>]+>", " ", body)).unescape().split())


def page(*variants: VariantRecord, **fields: object) -> str:
    return words(render(Report(run=records.FACTS, variants=variants, **fields), Path("traces")))


def test_a_report_without_anything_is_a_page() -> None:
    told = page()
    assert "0 variants of 0 networks on twin" in told
    assert "Nothing to draw" in told


def test_what_did_not_go_well_is_named_with_its_reason() -> None:
    broken = records.variant("C_1-L").model_copy(
        update={"error": "the supply is silent", "attempts": (AttemptRecord(number=1, error="x"),)}
    )
    told = page(
        broken,
        records.variant("C_2-L", fits=False),
        records.variant("C_3-L", fits=True, energy=1e-3),
    )
    summary = told[: told.index("Beside the paper Table")]
    assert "1 of 3 fit, run right" in summary
    assert "C_1-L ! bench error the supply is silent" in summary
    assert "C_2-L ✗ does not fit arena" in summary
    assert "C_3-L" not in summary[summary.index("What did not go well") :]


def test_table_2_has_the_published_figures_beside_ours() -> None:
    inside = records.variant("C_3-L", scores={1: 0.88, 2: 0.89})
    accuracy = inside.accuracy[0].model_copy(update={"interval": (0.87, 0.9)})
    outside = records.variant("C_3-D", scores={1: 0.95})
    told = page(inside.model_copy(update={"accuracy": (accuracy,)}), outside)
    table = told[told.index("Table 2") : told.index("Below each accuracy")]
    assert "published 88.7 88.4 88.8 85.8" in table
    assert "this run – ✓ agrees 88.5 87.0 to 90.0 ≠ differs 95.0 95.0 to 95.0 –" in table


def test_table_3_marks_what_differs_and_what_is_calibrated() -> None:
    claims = (
        ClaimRecord(claim="Table 3: CL_1-L", verdict="contradicts", published="", found="",
                    explanation="nobody knows why"),
        ClaimRecord(claim="Table 3: C_8-L", verdict="calibrated", published="", found=""),
    )  # fmt: skip
    told = page(
        records.variant("CL_1-L", fits=True, fits_paper=True),
        records.variant("C_8-L", fits=True, fits_paper=False),
        claims=claims,
    )
    table = told[told.index("Table 3: what fits") : told.index("Ours is in the authors")]
    assert "CL_1 ✗ does not fit ✓ fits and runs ≠ differs" in table
    assert "C_8 ✗ does not fit ✗ does not: flash ≈ calibrated" in table
    assert "nobody knows why" in told


def test_nothing_is_compared_with_the_paper_on_other_data() -> None:
    facts = records.FACTS.model_copy(update={"dataset": "surrogate", "surrogate": True})
    variants = (records.variant("C_3-L", scores={1: 0.5}, energy=1e-3, fits=True),)
    told = words(render(Report(run=facts, variants=variants), Path("traces")))
    assert "Not compared: the paper is about UCI-HAR, this run is on the surrogate data set" in told
    assert "published" not in told[told.index("Not compared") :]


def test_a_saving_comes_with_its_figure() -> None:
    told = page(records.variant("C_1-L", energy=1e-3), records.variant("C_1-D", energy=7e-4))
    assert "C_1: D saves 30.0 % ± 1.0 %" in told
    assert "“close to 30 %”" in told


def test_an_own_model_is_a_row_without_figures_of_the_paper() -> None:
    own = records.variant("kws-own", energy=1e-3, fits=True)
    told = page(own)
    assert "kws-own ✓ runs" in told
    assert "no network of this run has figures" in told


def test_the_gate_tells_each_change() -> None:
    def change(name: str, what: str, ratio: float) -> ComparisonRecord:
        return ComparisonRecord.model_validate({
            "variant": name, "quantity": "energy", "unit": "J", "baseline": 1e-3,
            "value": ratio * 1e-3, "ratio": ratio, "low": ratio - 0.001, "high": ratio + 0.001,
            "adjusted_p": 0.001, "method": "t", "change": what,
        })  # fmt: skip

    gate = GateRecord(
        baseline="main.json", margin=0.01, level=0.05,
        comparisons=(change("C_1-L", "worse", 1.03), change("C_1-D", "same", 1.0)),
    )  # fmt: skip
    told = page(records.variant("C_1-L", energy=1.03e-3), gate=gate)
    assert "1 worse than the baseline; 0 better, 1 the same" in told
    assert "✗ worse C_1-L energy 1 mJ 1.0300 mJ 3.00 (2.90 to 3.10)" in told


def test_a_gate_that_was_skipped_says_why() -> None:
    gate = GateRecord(baseline="main.json", skipped="another data set")
    assert "– skipped another data set" in page(gate=gate)


def test_what_a_record_says_is_never_markup() -> None:
    evil = "<script>alert(1)</script>"
    broken = records.variant("C_1-L").model_copy(update={"error": evil})
    html = render(Report(run=records.FACTS, variants=(broken,)), Path("traces"))
    assert evil not in html
    assert "&lt;script&gt;alert(1)" in html


class Check(VariantRecord):
    """A record as a later version may have it."""

    temperatures: tuple[EstimateRecord, ...] = ()
    checks: tuple[AttemptRecord, ...] = ()
    remarks: str = ""
    known: ClassVar[tuple[str, ...]] = tuple(VariantRecord.model_fields)


def test_a_field_that_the_page_does_not_know_is_shown() -> None:
    record = Check(
        variant="C_1-L", network="C_1", technique="L", temperatures=(records.estimate(21.5, "°C"),),
        checks=(AttemptRecord(number=1, error="open circuit"),), remarks="warm",
    )  # fmt: skip
    found = {title: words(str(content)) for title, content in generic.extras(record, record.known)}
    assert found["Checks"] == "Number Error 1 open circuit"
    assert found["Further figures"] == "Temperatures 21.50 ± 0.21 °C Remarks warm"


def test_a_field_that_is_not_set_is_not_shown() -> None:
    record = Check(variant="C_1-L", network="C_1", technique="L")
    assert generic.extras(record, record.known) == []


def test_a_check_of_the_station_that_failed_is_told_before_anything_else() -> None:
    failed = CheckRecord(name="shunt", verdict="failed", error="DeviceError: no current")
    told = page(self_check=(CheckRecord(name="card", verdict="ok"), failed))
    assert told.index("Self-check failed. shunt, attempt 1: DeviceError: no") < told.index(
        "Started"
    )
    assert "card ✓ ok" in told
    assert "shunt ✗ failed" in told


def test_a_saving_has_its_own_uncertainty_where_the_record_knows_it() -> None:
    saving = records.estimate(0.3, "1")
    told = page(
        records.variant("C_1-L", energy=1e-3),
        records.variant("C_1-D", energy=7e-4).model_copy(update={"saving": saving}),
    )
    assert "C_1: D saves 30.0 % ± 0.3 %" in told
    assert "Saved against L: 0.3000 ± 0.0030" in told


def test_a_variant_that_was_not_put_on_a_device_is_no_trouble() -> None:
    told = page(records.variant("C_1-L", fits=True))
    assert "1 of 1 fit and keep their limits" in told
    assert "What did not go well" not in told


@pytest.mark.parametrize(
    "word", ["pass", "fail", "conditional pass", "undecided", "never heard of"]
)
def test_a_verdict_is_always_a_word(word: str) -> None:
    assert words(str(verdict(word))).endswith(word)


def test_the_front_is_what_no_other_surpasses() -> None:
    points = {"a": (1.0, 0.9), "b": (2.0, 0.8), "c": (3.0, 0.95), "d": (3.0, 0.97), "e": (0.5, 0.1)}
    assert pareto_front(points) == ["e", "a", "d"]


@pytest.mark.parametrize("other", [0.93, 0.9301, 0.5])
def test_no_two_ticks_of_the_accuracies_say_the_same(other: float) -> None:
    pair = [
        records.variant(f"C_1-{technique}", energy=1e-3, scores={1: accuracy})
        for technique, accuracy in (("L", 0.93), ("D", other))
    ]
    figure = pareto_figure(Results(Report(run=records.FACTS, variants=tuple(pair))))
    assert figure is not None
    ticks = re.findall(r">(\d+\.\d)<", str(figure.drawing))
    assert len(ticks) == len(set(ticks)) > 3


def test_a_network_of_ones_own_has_the_family_of_its_operators() -> None:
    mine = records.variant("MINE-L", energy=1e-3)
    assert mine.model is not None
    kernels = ("1 x UNIDIRECTIONAL_SEQUENCE_LSTM float32",)
    mine = mine.model_copy(update={"model": mine.model.model_copy(update={"kernels": kernels})})
    results = Results(Report(run=records.FACTS, variants=(mine, records.variant("YOURS-L"))))
    assert results.networks("CL") == ["MINE"]
    assert results.networks("C") == ["YOURS"]


def test_each_window_names_its_trace_by_its_sha256(tmp_path: Path) -> None:
    record = waves.with_windows(records.variant("C_1-L", energy=1e-3), tmp_path, count=1)
    assert record.measurement is not None
    (window,) = record.measurement.windows
    told = words(render(Report(run=records.FACTS, variants=(record,)), tmp_path))
    assert f"Trace {window.trace}, SHA-256 {window.sha256}" in told


# Colours, by the rules for contrast of WCAG 2.2 (1.4.3: 4.5 to 1 for text).


def _colours(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", css))


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


CSS = resources.files("bench.report.html").joinpath("templates/report.css").read_text("utf-8")
LIGHT = _colours(CSS[: CSS.index("@media")])
DARK = _colours(CSS[CSS.index("@media") : CSS.index("* { box-sizing")])


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("text", ["ink", "muted", "link", "good", "bad", "open", "L", "D", "F"])
@pytest.mark.parametrize("ground", ["ground", "raised"])
def test_text_stands_out_from_its_ground(theme: dict[str, str], text: str, ground: str) -> None:
    bright, dark = sorted((_luminance(theme[text]), _luminance(theme[ground])), reverse=True)
    assert (bright + 0.05) / (dark + 0.05) >= 4.5


def test_figures_of_an_unknown_table_have_the_unit_of_their_line() -> None:
    told = words(str(generic.content((records.step("flash", True), JUDGED_ARENA))))
    assert "Limit" in told
    assert "163,840 B" in told
    assert "Unit" not in told


JUDGED_ARENA = records.step("arena", True).model_copy(update={"limit": 163840.0, "unit": "B"})
