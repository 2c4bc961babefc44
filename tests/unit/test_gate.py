"""Reports against their baselines, and the commands that show them."""

from pathlib import Path

import pytest
from rich.text import Text
from typer.testing import CliRunner

from bench.cli import app, main
from bench.errors import BenchError, ReportError
from bench.report.files import RecordFolder
from bench.report.record import Report, VariantRecord, WindowRecord
from bench.run.baseline import as_baseline
from bench.run.gate import DECLARED, GateOptions, compare_reports, load_past_reports
from bench.run.judged import BecameWorse, Changes, VerdictWarning
from bench.verdict.limits import Limits, load_limits
from bench.verdict.limits_file import (
    existing,
    new_limit,
    render,
    replaced,
    with_margin,
    with_spread,
)
from tests.unit import records

RUN = CliRunner()
CYCLES = (0.9999, 1.0, 1.0001)
"""What each power cycle has of the energy."""


def windows(energy: float) -> tuple[WindowRecord, ...]:
    return tuple(
        WindowRecord(
            power_cycle=cycle, inferences=10, seconds=0.1, device_seconds=0.1,
            energy=10 * energy * factor, mean_current=0.04, lowest_voltage=3.0,
            trace=f"{cycle}-{number}.tdms", sha256="0" * 64,
        )
        for cycle, factor in enumerate(CYCLES, start=1)
        for number in range(5)
    )  # fmt: skip


def measured(name: str, energy: float, size: int = 1000, drift: float = 0.0) -> VariantRecord:
    record = records.variant(name, energy=energy, scores={1: 0.9, 2: 0.95, 3: 0.93}, fits=True)
    assert record.measurement is not None
    assert record.model is not None
    reference = windows(2e-4 * drift) if drift else ()
    return record.model_copy(
        update={
            "measurement": record.measurement.model_copy(
                update={"windows": windows(energy * (drift or 1.0))}
            ),
            "model": record.model.model_copy(
                update={"size": size, "provenance": {"weights_key": "a"}}
            ),
            "reference": reference,
        }
    )


def one_power_cycle(record: VariantRecord) -> VariantRecord:
    assert record.measurement is not None
    first = tuple(window for window in record.measurement.windows if window.power_cycle == 1)
    measurement = record.measurement.model_copy(update={"windows": first})
    return record.model_copy(update={"measurement": measurement})


def report(*variants: VariantRecord, **facts: object) -> Report:
    return Report(run=records.FACTS.model_copy(update=facts), variants=variants)


def changes(new: Report, old: Report, variant: str = "C_1-L") -> dict[str, str]:
    gate = compare_reports(new, old, "baseline.json")
    return {c.quantity: c.change for c in gate.of(variant)}


def test_the_same_again_is_the_same() -> None:
    found = changes(report(measured("C_1-L", 1e-4)), report(measured("C_1-L", 1e-4)))
    assert found == dict.fromkeys(("energy", "latency", "bytes", "arena", "accuracy"), "same")


def test_hungrier_larger_and_thriftier_are_told_apart() -> None:
    old = report(measured("C_1-L", 1e-4), measured("C_2-L", 1e-4))
    new = report(measured("C_1-L", 1.05e-4, size=1100), measured("C_2-L", 0.9e-4))
    assert changes(new, old)["energy"] == "worse"
    assert changes(new, old)["bytes"] == "worse"
    assert changes(new, old, "C_2-L")["energy"] == "better"


def test_a_loss_of_accuracy_is_judged_over_subjects() -> None:
    def scored(*scores: float) -> Report:
        record = measured("C_1-L", 1e-4)
        entry = records.accuracy(dict(enumerate(scores)))
        return report(record.model_copy(update={"accuracy": (entry,)}))

    before = scored(0.9, 0.95, 0.93, 0.91)
    assert changes(scored(0.8, 0.86, 0.83, 0.82), before)["accuracy"] == "worse"
    assert changes(scored(0.95, 0.88, 0.99, 0.85), before)["accuracy"] == "inconclusive"


def test_a_drift_of_the_bench_cancels_in_the_reference() -> None:
    old = report(measured("C_1-L", 1e-4, drift=1.0))
    assert changes(report(measured("C_1-L", 1e-4, drift=1.05)), old)["energy"] == "same"


def test_a_reference_finds_what_the_spread_of_sessions_hides() -> None:
    wide = DECLARED.model_copy(update={"between_sessions": 0.05})
    for drift, expected in ((0.0, "inconclusive"), (1.0, "worse")):
        old, new = (report(measured("C_1-L", energy, drift=drift)) for energy in (1e-4, 1.03e-4))
        found = compare_reports(new, old, "b", wide)
        assert {c.change for c in found.of("C_1-L") if c.quantity == "energy"} == {expected}
    assert "cancels in the reference" in found.between_sessions


def test_losses_of_accuracy_share_the_false_discovery_rate() -> None:
    names = [f"C_{number}-L" for number in range(1, 9)]
    entry = records.accuracy({1: 0.89, 2: 0.945, 3: 0.93})
    old = report(*(measured(name, 1e-4) for name in names))
    new = report(
        measured(names[0], 1e-4).model_copy(update={"accuracy": (entry,)}),
        *(measured(name, 1e-4) for name in names[1:]),
    )
    one = next(c for c in compare_reports(new, old, "b").of(names[0]) if c.quantity == "accuracy")
    assert one.adjusted_p > 0.0
    alone = compare_reports(report(new.variants[0]), old, "b").of(names[0])
    assert one.adjusted_p == min(
        1.0, 8 * next(c.adjusted_p for c in alone if c.quantity == "accuracy")
    )


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"dataset": "surrogate"}, "data set 'uci-har' there, 'surrogate' here"),
        ({"profile": "paper"}, "profile 'bench' there, 'paper' here"),
        ({"mode": "hw"}, "mode 'sim' there, 'hw' here"),
    ],
)
def test_runs_of_another_kind_are_not_compared(facts: dict[str, object], reason: str) -> None:
    one = measured("C_1-L", 1e-4)
    gate = compare_reports(report(one, **facts), report(one), "baseline.json")
    assert not gate.comparisons
    assert reason in gate.why_not("C_1-L")


def test_each_variant_that_is_left_out_has_its_reason() -> None:
    single = measured("C_3-L", 1e-4)
    assert single.measurement is not None
    once = single.measurement.model_copy(update={"windows": single.measurement.windows[:5]})
    new = report(
        measured("C_1-L", 1e-4), measured("C_2-L", 1e-4), measured("C_3-L", 1e-4),
        measured("C_4-L", 1e-4), measured("C_5-L", 1e-4, drift=1.0),
    )  # fmt: skip
    old = report(
        measured("C_1-L", 1e-4), records.variant("C_2-L", fits=False),
        single.model_copy(update={"measurement": once}), measured("C_5-L", 1e-4),
    )  # fmt: skip
    left_out = compare_reports(new, old, "baseline.json").left_out
    assert left_out == {
        "C_2-L": "no energy in the baseline",
        "C_3-L": "the baseline has fewer than two power cycles: use --power-cycles 3",
        "C_4-L": "not in the baseline",
        "C_5-L": "only one of both has a reference variant: use the same --reference",
    }


def test_history_takes_the_place_of_the_declared_spread() -> None:
    past = [report(measured("C_1-L", 1e-4 * drift)) for drift in (0.98, 1.0, 1.02)]
    new, old = report(measured("C_1-L", 1.02e-4)), report(measured("C_1-L", 1e-4))
    alone = compare_reports(new, old, "b")
    with_past = compare_reports(new, old, "b", history=past)
    assert {c.change for c in alone.of("C_1-L") if c.quantity == "energy"} == {"worse"}
    assert {c.change for c in with_past.of("C_1-L") if c.quantity == "energy"} == {"inconclusive"}
    assert "3 earlier sessions" in with_past.between_sessions
    assert DECLARED.source in alone.between_sessions


def test_only_sessions_of_the_same_kind_are_history() -> None:
    new, old = report(measured("C_1-L", 1.02e-4)), report(measured("C_1-L", 1e-4))
    alone = compare_reports(new, old, "b")
    elsewhere = [report(measured("C_1-L", 1e-4 * d), station="other") for d in (0.98, 1.0, 1.02)]
    short = [report(one_power_cycle(measured("C_1-L", 1e-4 * d))) for d in (0.98, 1.0, 1.02)]
    assert compare_reports(new, old, "b", history=elsewhere) == alone
    assert compare_reports(new, old, "b", history=short) == alone


def saved(path: Path, one: Report) -> Path:
    path.write_text(one.model_dump_json(), encoding="utf-8")
    return path


def test_a_folder_of_baselines_has_one_for_each_data_set_and_recipe(tmp_path: Path) -> None:
    one = measured("C_1-L", 1e-4)
    assert one.model is not None
    saved(tmp_path / "uci-har.json", report(one))
    options = GateOptions(tmp_path)
    assert options.compare(report(one), None).comparisons
    other = one.model.model_copy(update={"provenance": {"weights_key": "b"}})
    retrained = report(one.model_copy(update={"model": other}))
    assert "another recipe" in options.compare(retrained, None).why_not("C_1-L")
    assert GateOptions(tmp_path / "uci-har.json").compare(retrained, None).comparisons
    other = one.model.model_copy(
        update={"provenance": {"weights_key": "a", "weights_sha256": "of another machine"}}
    )
    found = options.compare(report(one.model_copy(update={"model": other})), None)
    assert {c.quantity for c in found.comparisons} == {"energy", "latency", "bytes", "arena"}
    elsewhere = options.compare(report(one, dataset="surrogate"), None)
    assert "there is no" in elsewhere.why_not("C_1-L")


def test_a_run_and_its_folder_are_the_same_baseline_and_history(tmp_path: Path) -> None:
    run = report(measured("C_1-L", 1e-4))
    folder = RecordFolder(tmp_path)
    folder.write_run(run.run)
    saved(tmp_path / "report.json", run)
    options = GateOptions(tmp_path, history=tmp_path)
    assert options.compare(run, None).of("C_1-L")
    assert load_past_reports(tmp_path) == [run]


def test_a_history_without_reports_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"no report\.json in it or below"):
        load_past_reports(tmp_path)


@pytest.mark.parametrize("strict", [False, True])
def test_what_nobody_can_tell_fails_only_a_strict_gate(strict: bool) -> None:
    past = [report(measured("C_1-L", 1e-4 * drift)) for drift in (0.98, 1.0, 1.02)]
    new, old = report(measured("C_1-L", 1.02e-4)), report(measured("C_1-L", 1e-4))
    found = compare_reports(new, old, "b", history=past)
    expected = (
        pytest.raises(BecameWorse, match=r"energy inconclusive: 0\.000102 J, baseline 0\.0001 J")
        if strict
        else pytest.warns(VerdictWarning, match="C_1-L: energy inconclusive")
    )
    with expected:
        Changes("C_1-L", found.of("C_1-L"), strict).check()


def test_a_baseline_is_compared_like_the_report_that_it_is_from() -> None:
    old = report(measured("C_1-L", 1e-4), measured("C_2-L", 1e-4, drift=1.0))
    new = report(measured("C_1-L", 1.05e-4), measured("C_2-L", 1e-4, drift=1.01))
    assert compare_reports(new, as_baseline(old), "b") == compare_reports(new, old, "b")


# ---- the commands


def test_a_baseline_is_written_and_names_no_place(tmp_path: Path) -> None:
    place = "/home/somebody/data.zip"
    run = saved(tmp_path / "report.json", report(measured("C_1-L", 1e-4), dataset_origin=place))
    done = RUN.invoke(app, ["baseline", str(run), "-o", str(tmp_path / "kept")])
    assert done.exit_code == 0, done.output
    text = (tmp_path / "kept" / "uci-har.json").read_text("utf-8")
    assert "somebody" in run.read_text("utf-8")
    assert "somebody" not in text


def test_compare_ends_with_3_where_something_is_worse(tmp_path: Path) -> None:
    old = saved(tmp_path / "old.json", report(measured("C_1-L", 1e-4)))
    new = saved(tmp_path / "new.json", report(measured("C_1-L", 1.05e-4)))
    table = tmp_path / "change.md"
    worse = RUN.invoke(app, ["compare", str(old), str(new), f"--markdown={table}"])
    assert worse.exit_code == 3
    assert "100.0 uJ" in worse.output
    assert "1 worse" in worse.output
    assert "| C_1-L | energy | 100.0 uJ | 105.0 uJ | +5.00% |" in table.read_text("utf-8")
    assert RUN.invoke(app, ["compare", str(new), str(old)]).exit_code == 0
    assert RUN.invoke(app, ["compare", str(old), str(old)]).exit_code == 0


def test_compare_takes_the_folders_of_runs(tmp_path: Path) -> None:
    saved(tmp_path / "report.json", report(measured("C_1-L", 1e-4)))
    done = RUN.invoke(app, ["compare", str(tmp_path), str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "5 same" in done.output


def test_reports_that_have_no_variant_in_common_cannot_be_compared(tmp_path: Path) -> None:
    old = saved(tmp_path / "old.json", report(measured("C_1-L", 1e-4)))
    new = saved(tmp_path / "new.json", report(measured("C_2-L", 1e-4)))
    done = RUN.invoke(app, ["compare", str(old), str(new)])
    assert isinstance(done.exception, BenchError)
    assert "nothing to compare" in str(done.exception)
    assert "C_2-L: not in the baseline" in str(done.exception)


@pytest.mark.parametrize(
    "command",
    [
        ["compare", "report.json", "report.json", "--markdown=report.json"],
        ["report", "report.json", "--output=report.json"],
        ["baseline", "report.json", "--output=report.json"],
    ],
)
def test_no_command_writes_over_the_report_that_it_reads(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path / "report.json", report(measured("C_1-L", 1e-4)))
    before = path.read_bytes()
    monkeypatch.chdir(tmp_path)
    done = RUN.invoke(app, command)
    assert "is the report itself" in str(done.exception)
    assert path.read_bytes() == before


def test_help_names_the_table_of_a_limits_file() -> None:
    done = RUN.invoke(app, ["compare", "--help"], env={"COLUMNS": "200"})
    assert "whose [gate] has" in Text.from_ansi(done.output).plain


def test_a_variant_that_does_not_run_any_more_is_no_success(tmp_path: Path) -> None:
    both = report(measured("C_1-L", 1e-4), measured("C_2-L", 1e-4))
    old = saved(tmp_path / "old.json", both)
    now = report(measured("C_1-L", 1e-4), records.variant("C_2-L", fits=False))
    new = saved(tmp_path / "new.json", now)
    done = RUN.invoke(app, ["compare", str(old), str(new)])
    assert done.exit_code == 3
    assert "C_2-L: it has an energy in the baseline and none in this run" in done.output


def test_compare_says_why_two_reports_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old = saved(tmp_path / "old.json", report(measured("C_1-L", 1e-4)))
    new = saved(tmp_path / "new.json", report(measured("C_1-L", 1e-4), fold=1))
    monkeypatch.setattr("sys.argv", ["bench", "compare", str(old), str(new)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert "error: the baseline is of another kind: fold 0 there, 1 here" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("quantity", "value", "limit"),
    [
        ("energy", 1.0001e-4, 1.06e-4),
        ("energy", 1e-4, 1.05e-4),
        ("accuracy", 0.93, 0.883),
        ("bytes", 13_720.0, 14_500.0),
        ("saving", -0.1, -0.105),
        ("accuracy drop", 0.0, 0.0),
    ],
)
def test_a_limit_is_rounded_to_the_generous_side(quantity: str, value: float, limit: float) -> None:
    assert with_margin(quantity, value, 0.05) == limit  # type: ignore[arg-type]  # parametrised


@pytest.mark.parametrize(
    ("quantity", "value", "half", "limit"),
    [
        ("accuracy", 0.9318, 0.0212, 0.91),
        ("accuracy drop", 0.0021, 0.0016, 0.004),
        ("accuracy drop", 0.0, 0.0, 0.001),
        ("accuracy drop", -0.004, 0.001, 0.001),
    ],
)
def test_accuracies_are_left_their_interval_over_subjects(
    quantity: str, value: float, half: float, limit: float
) -> None:
    assert with_spread(quantity, value, half) == limit  # type: ignore[arg-type]  # parametrised


def test_a_written_drop_tells_what_its_margin_is() -> None:
    row = new_limit("C_1-F", "accuracy drop", "hw", (0.0021, 0.0016), 0.05, "x")
    assert (row.max, row.min, row.mode, row.unit) == (0.004, None, None, "1")
    assert row.source == "x; reached 0.0021, margin 0.0016, half the 95 % interval over subjects"


def test_limits_are_written_only_with_a_reason_and_replace_their_own_rows(tmp_path: Path) -> None:
    run = saved(tmp_path / "report.json", report(measured("C_1-L", 1e-4)))
    path = tmp_path / "limits.toml"
    path.write_text('# Why.\ndataset = "uci-har"\nfold = 0\n', encoding="utf-8")
    command = ["limits", str(run), f"--write={path}", "--quantities=energy"]
    for nothing in ([], ["--reason= "]):
        refused = RUN.invoke(app, [*command, *nothing])
        assert isinstance(refused.exception, BenchError)
        assert "say why" in str(refused.exception)
    for margin, wanted in (("0.05", 1.05e-4), ("0.1", 1.1e-4)):
        done = RUN.invoke(app, [*command, "--reason=a first run", f"--margin={margin}"])
        assert done.exit_code == 0, done.output
        (limit,) = load_limits(path).limit
        assert limit.max == pytest.approx(wanted, rel=0.01)
        assert limit.rule == "guard band"
        assert "a first run" in limit.source
    assert path.read_text("utf-8").startswith("# Why.\n")
    shown = RUN.invoke(app, ["limits", str(run), f"--limits={path}"])
    assert "<= 110.0 uJ" in shown.output
    assert "pass" in shown.output


def test_what_a_model_predicts_is_no_limit_of_hardware() -> None:
    rows = [
        new_limit("C_1-L", quantity, "sim", (1.0, 0.1), 0.05, "x")
        for quantity in ("energy", "bytes")
    ]
    limits = Limits(dataset="uci-har", fold=0, limit=tuple(rows))
    assert [row.quantity for row in limits.of("C_1-L", "sim")] == ["energy", "bytes"]
    assert [row.quantity for row in limits.of("C_1-L", "hw")] == ["bytes"]


def test_limits_are_shown_or_written(tmp_path: Path) -> None:
    path = tmp_path / "limits.toml"
    done = RUN.invoke(app, ["limits", "r.json", f"--limits={path}", f"--write={path}"])
    assert "give one of them" in str(done.exception)


def test_limits_of_another_data_set_are_not_written_over(tmp_path: Path) -> None:
    run = saved(tmp_path / "report.json", report(measured("C_1-L", 1e-4)))
    path = tmp_path / "limits.toml"
    text = 'dataset = "surrogate"\nfold = 0\n'
    path.write_text(text, encoding="utf-8")
    done = RUN.invoke(app, ["limits", str(run), f"--write={path}", "--reason=why not"])
    assert "limits are for surrogate" in str(done.exception)
    assert path.read_text("utf-8") == text


def test_rendered_limits_are_read_back_the_same(tmp_path: Path) -> None:
    limits = load_limits(Path(__file__).parents[2] / "limits" / "uci-har.toml")
    more = replaced(limits, [new_limit("C_1-L", "energy", "sim", (1e-4, 1e-6), 0.05, 'a "reason"')])
    path = tmp_path / "limits.toml"
    path.write_text(render(more, "# heading\n"), encoding="utf-8")
    assert existing(path, "uci-har", 0) == (more, "# heading\n")
    assert existing(tmp_path / "none.toml", "x", 2) == (Limits(dataset="x", fold=2), "")
