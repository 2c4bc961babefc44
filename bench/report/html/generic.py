"""Anything in a record that has no section of its own, as tables and lists.

So a field that a later version of the record brings is shown by an older page, if plainly.
"""

from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape
from pydantic import BaseModel

from bench.report.html.svg import element
from bench.report.html.text import NONE, measured, quantity, significant
from bench.report.html.verdicts import verdict
from bench.report.record import EstimateRecord

_LONG = 60
"""A table of more lines is folded."""
_VERDICTS = ("verdict", "outcome", "status")
_TITLES = {"self_check": "Self-check", "sha256": "SHA-256", "macs": "MACs"}
_FIGURES = "Further figures"
_UNSET: tuple[object, ...] = (None, (), {}, "")

Extras = list[tuple[str, Markup]]
"""Titles with their content."""


def sections(record: BaseModel, known: Sequence[str]) -> Extras:
    """Each table or record among the fields that are set and not `known`."""
    return [(title(n), content(v)) for n, v in _unknown(record, known).items() if _is_large(v)]


def figures(record: BaseModel, known: Sequence[str]) -> Markup | None:
    """All else that is set and not `known`, as pairs; None if there is nothing."""
    rest = {n: v for n, v in _unknown(record, known).items() if not _is_large(v)}
    return content(rest) if rest else None


def extras(record: BaseModel, known: Sequence[str]) -> Extras:
    """Both, the figures under a title of their own."""
    rest = figures(record, known)
    return [*sections(record, known), *([] if rest is None else [(_FIGURES, rest)])]


def _unknown(record: BaseModel, known: Sequence[str]) -> dict[str, object]:
    return {
        name: getattr(record, name)
        for name, field in type(record).model_fields.items()
        if name not in known and getattr(record, name) not in (*_UNSET, field.default)
    }


def title(name: str) -> str:
    """A field's name as words."""
    return _TITLES.get(name, name.replace("_", " ").capitalize())


def content(value: object) -> Markup:
    """A value as HTML: a record as pairs, many of them as a table, the rest as text."""
    match value:
        case EstimateRecord():
            return _estimate(value)
        case BaseModel():
            return _pairs({name: getattr(value, name) for name in type(value).model_fields})
        case Mapping():
            return _pairs(value)
        case str():
            return _folded("as it was", element("pre", value)) if "\n" in value else escape(value)
        case Sequence() if _is_table(value):
            return _table(value)
        case Sequence():
            return Markup(", ").join(content(entry) for entry in value)
        case bool():
            return escape("yes" if value else "no")
        case float():
            return escape(significant(value, 5))
        case None:
            return escape(NONE)
        case _:
            return escape(str(value))


def _is_large(value: object) -> bool:
    return _is_record(value) or _is_table(value)


def _is_record(value: object) -> bool:
    return isinstance(value, BaseModel) and not isinstance(value, EstimateRecord)


def _is_table(value: object) -> bool:
    return isinstance(value, Sequence) and bool(value) and all(map(_is_record, value))


def _estimate(value: EstimateRecord) -> Markup:
    text = measured(value.value, value.expanded, value.unit)
    return _folded(text, _table(value.budget)) if value.budget else escape(text)


def _pairs(values: Mapping[str, object]) -> Markup:
    rows = [
        element("div", element("dt", title(str(name))), element("dd", _cell(str(name), value)))
        for name, value in values.items()
        if value not in _UNSET
    ]
    return element("dl", *rows, class_="pairs")


def _table(records: Sequence[BaseModel]) -> Markup:
    """A column for each field that any record has set; figures in the unit of their record."""
    names = [
        name
        for name in dict.fromkeys(name for r in records for name in type(r).model_fields)
        if name != "unit" and any(getattr(r, name, None) not in _UNSET for r in records)
    ]
    head = element(
        "tr", *(element("th", title(n), scope="col", class_=_align(n, records)) for n in names)
    )
    rows = [
        element("tr", *(element("td", _in_unit(n, r), class_=_align(n, records)) for n in names))
        for r in records
    ]
    table = element("table", element("thead", head), element("tbody", *rows))
    drawn = element("div", table, class_="scroll", tabindex=0, role="region", aria_label="Table")
    return drawn if len(records) <= _LONG else _folded(f"{len(records)} lines", drawn)


def _align(name: str, records: Sequence[BaseModel]) -> str | None:
    """Numbers stand on the right, also what stands for none."""
    return "number" if any(_is_number(getattr(r, name, None)) for r in records) else None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _in_unit(name: str, record: BaseModel) -> Markup:
    value, unit = getattr(record, name, None), getattr(record, "unit", None)
    if isinstance(value, float) and isinstance(unit, str):
        return escape(quantity(value, unit))
    return _cell(name, value)


def _cell(name: str, value: object) -> Markup:
    if name in _VERDICTS and isinstance(value, str):
        return verdict(value)
    if name.endswith("sha256"):
        return element("span", str(value), class_="hash")
    return content(value)


def _folded(name: str, inside: Markup) -> Markup:
    return element("details", element("summary", name), inside)
