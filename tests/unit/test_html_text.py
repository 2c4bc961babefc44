"""Numbers as the page writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.report.html.text import decimals_of, measured, number, quantity, significant, span


@pytest.mark.parametrize(
    ("value", "expanded", "unit", "text"),
    [
        (1.2915620818e-3, 1.322e-6, "J", "1.2916 ± 0.0013 mJ"),
        (107.03e-6, 0.11e-6, "J", "107.03 ± 0.11 µJ"),
        (0.0945768, 9.77e-5, "W", "94.577 ± 0.098 mW"),
        (0.9695, 0.0, "1", "0.9695"),
        (0.331, 0.00123, "1", "0.3310 ± 0.0012"),
        (1e-3, float("nan"), "J", "1 mJ"),
        (-2.5e-6, 0.11e-6, "J", "−2.50 ± 0.11 µJ"),
    ],
)
def test_a_value_has_the_digits_that_its_uncertainty_leaves(
    value: float, expanded: float, unit: str, text: str
) -> None:
    assert measured(value, expanded, unit) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (70744.0, "B", "70,744 B"),
        (-512.0, "B", "−512 B"),
        (160e6, "Hz", "160 MHz"),
        (0.0113814, "s", "11.38 ms"),
        (0.0, "s", "0 s"),
        (3.3e12, "Hz", "3,300,000 MHz"),
        (2e-3, "steps", "0.002000 steps"),
        (1e-15, "J", "1.000 × 10⁻⁶ nJ"),
    ],
)
def test_a_quantity_has_the_prefix_that_suits(value: float, unit: str, text: str) -> None:
    assert quantity(value, unit) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.197e-7, "1.197 × 10⁻⁷"),
        (17.0, "17"),
        (0.0, "0"),
        (-0.01234567, "−0.01235"),
        (float("inf"), "∞"),
        (float("-inf"), "−∞"),
        (float("nan"), "undefined"),
    ],
)
def test_significant_digits(value: float, text: str) -> None:
    assert significant(value) == text


def test_a_span_has_one_unit() -> None:
    assert span(107e-6, 6.63e-3, "J") == "0.107 to 6.63 mJ"


@given(st.floats(), st.floats(), st.sampled_from(["J", "1", "B"]))
def test_any_number_can_be_written(value: float, expanded: float, unit: str) -> None:
    for text in (number(value, 2), quantity(value, unit), measured(value, expanded, unit)):
        assert text
        assert "nan" not in text.lower()


@given(st.floats(1e-12, 1e6))
def test_decimals_show_the_first_digit(value: float) -> None:
    assert float(f"{value:.{decimals_of(value)}f}") > 0.0
