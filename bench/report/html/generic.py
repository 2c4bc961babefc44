"""Anything in a record that has no section of its own, as tables and lists.

So a field that a later version of the record brings is shown by an older page, if plainly.
"""

from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape
from pydantic import BaseModel

from bench.report.html.svg import element
from bench.report.html.text import NONE, measured, significant
from bench.report.html.verdicts import verdict
from bench.report.record import EstimateRecord

_LONG = 20
"""A table of more lines is folded."""
_VERDICTS = ("verdict", "outcome", "status")


def extras(record: BaseModel, known: Sequence[str]) -> list[tuple[str, Markup]]:
    """Title and content of each field that is set and not among `known`."""
    return [
        (title(name), content(getattr(record, name)))
        for name, field in type(record).model_fields.items()
        if name not in known and getattr(record, name) not in (None, (), {}, "", field.default)
    ]


def title(name: str) -> str:
    """A field's name as words."""
    return name.replace("_", " ").capitalize()


def content(value: object) -> Markup:
    """A value as HTML: a record as pairs, many of them as a table, the rest as text."""
    match value:
        case EstimateRecord():
            return escape(measured(value.value, value.expanded, value.unit))
        case BaseModel():
            return _pairs({name: getattr(value, name) for name in type(value).model_fields})
        case Mapping():
            return _pairs(value)
        case str():
            return _folded("as it was", element("pre", value)) if "\n" in value else escape(value)
        case Sequence() if value and all(_is_line(entry) for entry in value):
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


def _is_line(entry: object) -> bool:
    return isinstance(entry, BaseModel) and not isinstance(entry, EstimateRecord)


def _pairs(values: Mapping[str, object]) -> Markup:
    rows = [
        element("div", element("dt", title(str(name))), element("dd", _cell(str(name), value)))
        for name, value in values.items()
        if value not in (None, (), {}, "")
    ]
    return element("dl", *rows, class_="pairs")


def _table(records: Sequence[BaseModel]) -> Markup:
    names = list(dict.fromkeys(name for r in records for name in type(r).model_fields))
    head = element("tr", *(element("th", title(name), scope="col") for name in names))
    rows = [
        element("tr", *(_td(name, getattr(record, name, None)) for name in names))
        for record in records
    ]
    table = element("table", element("thead", head), element("tbody", *rows))
    drawn = element("div", table, class_="scroll", tabindex=0, role="region", aria_label="Table")
    return drawn if len(records) <= _LONG else _folded(f"{len(records)} lines", drawn)


def _folded(name: str, inside: Markup) -> Markup:
    return element("details", element("summary", name), inside)


def _td(name: str, value: object) -> Markup:
    css = "number" if isinstance(value, int | float) and not isinstance(value, bool) else None
    return element("td", _cell(name, value), class_=css)


def _cell(name: str, value: object) -> Markup:
    return verdict(value) if name in _VERDICTS and isinstance(value, str) else content(value)
