"""The paper's Figs. 2, 3 and 4 from a run's own figures, and accuracy against energy."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from bench.report.html import svg
from bench.report.html.results import (
    FAMILIES,
    TECHNIQUE_NAMES,
    TECHNIQUES,
    Results,
    Saving,
)
from bench.report.html.text import measured, percent
from bench.verdict.published import published

SHAPES = {"L": "circle", "D": "square", "F": "triangle", "base": "diamond"}
FRAME = svg.Frame(440, 300)
_SAVING = ("D", "F")
CLOSE_TO = 0.30
"""The saving that the paper's text calls "close to"."""


@dataclass(frozen=True)
class Drawing:
    """A figure: what it shows in a line, the drawing itself, and what else must be known of it."""

    title: str
    drawing: Markup
    note: str = ""


@dataclass(frozen=True)
class _Point:
    """A value with the ends of its interval."""

    technique: str
    position: float
    value: float
    low: float
    high: float
    tip: str


def legend_mark(technique: str) -> Markup:
    """A technique's line and mark, for a legend."""
    key = svg.line((0, 8), (30, 8), f"series {css_of(technique)}")
    mark = svg.mark((15, 8), SHAPES[technique], f"mark {css_of(technique)}")
    return svg.element(
        "svg", key, mark, viewBox="0 0 30 16", width=30, height=16, aria_hidden="true"
    )


def accuracy_figure(results: Results, family: str) -> Drawing | None:
    """Fig. 2: accuracy of each network of a family under each technique."""
    networks = results.networks(family)
    points = []
    for technique in TECHNIQUES:
        for place, network in enumerate(networks):
            entry = results.accuracy(network, technique)
            if entry is not None and entry.accuracy is not None:
                low, high = entry.interval or (entry.accuracy, entry.accuracy)
                at = place + _offset(technique, 0.17)
                name = f"{network}-{technique}"
                tip = f"{name}: {percent(entry.accuracy)} ({percent(low)} to {percent(high)})"
                points.append(_Point(technique, at, entry.accuracy, low, high, tip))
    stated = _published_accuracies(results, networks)
    if not points:
        return None
    low = min(point.low for point in [*points, *stated])
    y = FRAME.y(*_padded(low, 1.0, top=1.0))
    grid = FRAME.grid(y, "accuracy / %", lambda value: f"{value * 100:.0f}")
    drawn = [grid, *_columns(FRAME, networks), *_series(FRAME, points, y, len(networks))]
    drawn += [
        svg.mark((_across(FRAME, p.position, len(networks)), y(p.value)), SHAPES[p.technique],
                 f"hollow {css_of(p.technique)}", p.tip)
        for p in stated
    ]  # fmt: skip
    title = f"Accuracy, {FAMILIES[family]}"
    return Drawing(title, FRAME.drawing(f"{title}, of {_listed(networks)}", *drawn))


def energy_figure(results: Results, family: str) -> Drawing | None:
    """Fig. 3: gross energy of an inference of each network of a family."""
    networks = results.networks(family)
    points = []
    for technique in TECHNIQUES:
        for place, network in enumerate(networks):
            energy = results.energy(network, technique)
            if energy is not None:
                value, spread = energy.value * 1e3, energy.expanded * 1e3
                tip = f"{network}-{technique}: {measured(energy.value, energy.expanded, 'J')}"
                at = place + _offset(technique, 0.0)
                points.append(_Point(technique, at, value, value - spread, value + spread, tip))
    if not points:
        return None
    y = FRAME.y(0.0, max(point.high for point in points) * 1.06)
    grid = FRAME.grid(y, "energy of an inference / mJ", lambda value: f"{value:g}")
    drawn = [grid, *_columns(FRAME, networks), *_series(FRAME, points, y, len(networks))]
    title = f"Energy, {FAMILIES[family]}"
    return Drawing(title, FRAME.drawing(f"{title}, of {_listed(networks)}", *drawn))


def saving_figure(results: Results) -> Drawing | None:
    """Fig. 4: what D and F save against L, of the family C."""
    savings = {
        (network, technique): saving
        for network in results.networks("C")
        for technique in _SAVING
        if (saving := results.saving(network, technique)) is not None
    }
    if not savings:
        return None
    networks = list(dict.fromkeys(network for network, _ in savings))
    shares = [saving.share for saving in savings.values()]
    y = FRAME.y(min(0.0, min(shares) * 1.15), max(0.4, max(shares) * 1.15))
    drawn = [FRAME.grid(y, "energy saved against L / %", lambda value: f"{value * 100:.0f}")]
    for (network, technique), saving in savings.items():
        column = _across(FRAME, networks.index(network), len(networks))
        tip = f"{network}: {technique} saves {percent(saving.share)} ± {percent(saving.expanded)}"
        drawn += _bar(column, 0.34 * _room(FRAME, len(networks)), technique, saving, y, tip)
    drawn += _columns(FRAME, networks)
    right = FRAME.width - FRAME.right
    if results.comparable:
        drawn.append(svg.line((FRAME.left, y(CLOSE_TO)), (right, y(CLOSE_TO)), "stated"))
    drawn.append(svg.line((FRAME.left, y(0.0)), (right, y(0.0)), "axis"))
    title = "Energy saved, 1D_CNN"
    return Drawing(title, FRAME.drawing(f"{title}, of {_listed(networks)}", *drawn))


def _bar(
    column: float, width: float, technique: str, saving: Saving, y: svg.Scale, tip: str
) -> list[Markup]:
    """A technique's bar beside the column's middle, with its error bar."""
    left = column - width * (1 - _SAVING.index(technique))
    top, zero = sorted((y(saving.share), y(0.0)))
    title = svg.element("title", tip)
    css = f"bar {css_of(technique)}"
    place = {"x": left, "y": top, "width": width, "height": zero - top}
    ends = y(saving.share - saving.expanded), y(saving.share + saving.expanded)
    return [
        svg.element("rect", title, class_=css, **place),
        svg.error_bar(left + width / 2, *ends, "error strong"),
    ]


def _published_accuracies(results: Results, networks: Sequence[str]) -> list[_Point]:
    """What Table 2 states of these networks; nothing on another data set."""
    if not results.comparable:
        return []
    table = published().table2
    return [
        _Point(
            technique, place + _offset(technique, 0.17), table[network][technique],
            table[network][technique], table[network][technique],
            f"published: {network}-{technique} {percent(table[network][technique])}",
        )
        for place, network in enumerate(networks) if network in table
        for technique in TECHNIQUES
    ]  # fmt: skip


def _series(frame: svg.Frame, points: Sequence[_Point], y: svg.Scale, columns: int) -> list[Markup]:
    """Each technique's line, error bars and marks."""
    lines: list[Markup] = []
    marks: list[Markup] = []
    for technique in TECHNIQUES:
        css = css_of(technique)
        own = [point for point in points if point.technique == technique]
        places = [_across(frame, point.position, columns) for point in own]
        lines.append(
            svg.polyline(
                [(x, y(p.value)) for x, p in zip(places, own, strict=True)], f"series {css}"
            )
        )
        for x, point in zip(places, own, strict=True):
            marks.append(svg.error_bar(x, y(point.low), y(point.high), f"error {css}"))
            marks.append(svg.mark((x, y(point.value)), SHAPES[technique], f"mark {css}", point.tip))
    return [*lines, *marks]


def _columns(frame: svg.Frame, networks: Sequence[str]) -> list[Markup]:
    return [
        frame.below(_across(frame, place, len(networks)), network)
        for place, network in enumerate(networks)
    ] + [frame.x_label("network")]


def _across(frame: svg.Frame, position: float, columns: int) -> float:
    """The coordinate of a column, counted from 0."""
    return frame.left + _room(frame, columns) * (position + 0.5)


def _room(frame: svg.Frame, columns: int) -> float:
    """The width of a column."""
    return (frame.width - frame.left - frame.right) / columns


def _offset(technique: str, by: float) -> float:
    """Beside the column's middle, so that error bars do not cover each other."""
    return (TECHNIQUES.index(technique) - 1) * by


def _padded(low: float, high: float, top: float | None = None) -> tuple[float, float]:
    room = 0.06 * ((high - low) or abs(high) or 1.0)
    return low - room, top if top is not None else high + room


def css_of(technique: str) -> str:
    """The style sheet's class of a technique."""
    return f"t-{technique}" if technique in TECHNIQUE_NAMES else "t-own"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
