"""The order in which people expect names."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.report.files import RecordFolder
from bench.report.order import natural
from bench.report.record import BaseRecord, VariantRecord
from tests.unit import records


@pytest.mark.parametrize(
    "names",
    [
        ["C_1", "C_2", "C_8", "C_10", "CL_1", "CL_6", "MINE"],
        ["C_1-base", "C_1-L", "C_1-D", "C_1-F", "C_2-L"],
        ["C_8-F", "CL_1-L"],
        ["accuracy of C_3 under base", "accuracy of C_3 under L", "accuracy of CL_3 under base"],
        ["Table 3: C_1-L", "Table 3: C_1-D", "Table 3: C_2-L", "Table 3: CL_1-L"],
    ],
)
def test_names_are_in_natural_order(names: list[str]) -> None:
    assert sorted(reversed(names), key=natural) == names
    assert all(natural(one) < natural(next_one) for one, next_one in pairwise(names))


@given(st.text(), st.text())
def test_any_two_names_have_an_order(one: str, other: str) -> None:
    assert (natural(one) < natural(other)) + (natural(other) < natural(one)) <= 1


def test_a_report_has_its_records_in_natural_order(tmp_path: Path) -> None:
    folder = RecordFolder(tmp_path)
    folder.begin()
    for name in ("CL_1-L", "C_10-L", "C_2-F", "C_2-L", "C_2-D"):
        folder.write(name, records.variant(name))
    for name in ("CL_1", "C_2"):
        folder.write(name, records.base(name, {1: 1.0}))
    found = [record.variant for record in folder.read(VariantRecord)]
    assert found == ["C_2-L", "C_2-D", "C_2-F", "C_10-L", "CL_1-L"]
    assert [record.network for record in folder.read(BaseRecord)] == ["C_2", "CL_1"]
