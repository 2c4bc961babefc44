"""Limits files and decision rules."""

from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import ReportError
from bench.run.judged import Judged, LimitNotKept, VerdictWarning
from bench.verdict.judge import judge
from bench.verdict.limits import UNITS, Limit, Limits, Quantity, load_limits
from bench.verdict.limits_file import existing
from bench.verdict.rules import Outcome, Rule, decide

FILE = """
dataset = "uci-har"
fold = 0

[[limit]]
variant = "*"
quantity = "accuracy"
unit = "1"
min = 0.5
rule = "simple acceptance"
source = "chance"

[[limit]]
variant = "C_[12]-F"
quantity = "accuracy"
unit = "1"
min = 0.8
rule = "guard band"
source = "measured"

[[undeployable]]
variant = "C_8-L"
reason = "too large"
"""


def read(tmp_path: Path, text: str) -> Limits:
    path = tmp_path / "limits.toml"
    path.write_text(text, encoding="utf-8")
    return load_limits(path)


def test_last_matching_row_of_a_quantity_holds(tmp_path: Path) -> None:
    limits = read(tmp_path, FILE)
    assert [limit.min for limit in limits.of("C_1-F", "sim")] == [0.8]
    assert [limit.min for limit in limits.of("C_3-F", "hw")] == [0.5]


def test_limits_belong_to_a_data_set_and_fold(tmp_path: Path) -> None:
    limits = read(tmp_path, FILE)
    assert limits.why_not("uci-har", 0) is None
    assert "surrogate" in str(limits.why_not("surrogate", 0))
    assert "fold 1" in str(limits.why_not("uci-har", 1))


def test_expected_undeployable_gives_the_reason(tmp_path: Path) -> None:
    limits = read(tmp_path, FILE)
    assert limits.expected_undeployable("C_8-L") == "too large"
    assert limits.expected_undeployable("C_8-D") is None


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("min = 0.8", "min = 0.8\nmax = 0.9"), "exactly one of min and max"),
        (("min = 0.8\n", ""), "exactly one of min and max"),
        (('quantity = "accuracy"', 'quantity = "beauty"'), "quantity"),
        (('unit = "1"', 'unit = "J"'), "wanted '1'"),
        (('rule = "guard band"', 'rule = "coin"'), "rule"),
        (("min = 0.8", "min = nan"), "min"),
        (("min = 0.8", "min = 1e30"), "limit > 1 > min: Input should be less than or equal to"),
        (("min = 0.8", "min = true"), "min"),
        (("min = 0.8", 'min = "0.8"'), "min"),
        (('source = "measured"', 'source = ""'), "source"),
        (("fold = 0", "fold = 0\ncolour = 3"), "colour"),
        (("fold = 0", "fold ="), "Invalid value"),
    ],
)
def test_wrong_file_names_the_file_and_what_is_wrong(
    tmp_path: Path, change: tuple[str, str], named: str
) -> None:
    with pytest.raises(ReportError, match=r"limits\.toml") as caught:
        read(tmp_path, FILE.replace(*change))
    assert named in str(caught.value)


def test_what_is_no_limits_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"cannot be read: .*: name one such as those in limits/"):
        load_limits(tmp_path)
    (tmp_path / "limits.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ReportError, match=r"limits\.toml: is no TOML file"):
        existing(tmp_path / "limits.toml", "uci-har", 0)


@pytest.mark.parametrize("quantity", ["bytes", "arena", "latency"])
def test_a_guard_band_needs_an_uncertainty(tmp_path: Path, quantity: str) -> None:
    unit = UNITS[cast(Quantity, quantity)]
    text = FILE.replace(
        'quantity = "accuracy"\nunit = "1"\nmin = 0.8',
        f'quantity = "{quantity}"\nunit = "{unit}"\nmin = 0.8',
    )
    with pytest.raises(ReportError, match=f"{quantity} has no stated uncertainty .*'simple"):
        read(tmp_path, text)


def limit(rule: Rule, **bound: float) -> Limit:
    return Limit(variant="*", quantity="energy", unit="J", rule=rule, source="test", **bound)


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        (0.5, Outcome.PASS),
        (0.75, Outcome.PASS),
        (0.9, Outcome.CONDITIONAL_PASS),
        (1.0, Outcome.CONDITIONAL_PASS),
        (1.25, Outcome.CONDITIONAL_FAIL),
        (1.5, Outcome.FAIL),
    ],
)
def test_guard_band_knows_four_outcomes(value: float, outcome: Outcome) -> None:
    assert judge(limit(Rule.GUARD_BAND, max=1.0), value, 0.25).outcome is outcome


def test_judgement_tells_value_limit_rule_and_source() -> None:
    text = str(judge(limit(Rule.GUARD_BAND, max=1.0), 1.5, 0.1))
    for part in ("energy 1.5 ± 0.1 J", "<= 1 J", "fail", "guard band", "test"):
        assert part in text


@pytest.mark.parametrize(
    ("value", "outcome"), [(1.2, "conditional fail"), (1.5, "fail"), (0.9, "conditional pass")]
)
def test_a_test_tells_outcome_rule_and_guard_band(value: float, outcome: str) -> None:
    judged = Judged("C_1-F", (judge(limit(Rule.GUARD_BAND, max=1.0), value, 0.25),))
    message = rf"C_1-F: energy {value} ± 0.25 J, wanted <= 1 J: {outcome} by guard band \("
    if outcome == "conditional pass":
        with pytest.warns(VerdictWarning, match=message):
            judged.check()
    else:
        with pytest.raises(LimitNotKept, match=message):
            judged.check()


@given(margin=st.floats(-10, 10), spread=st.floats(0, 5))
def test_both_rules_agree_on_the_sides(margin: float, spread: float) -> None:
    simple = decide(margin, spread, Rule.SIMPLE)
    assert simple.passed == decide(margin, spread, Rule.GUARD_BAND).passed == (margin >= 0)
