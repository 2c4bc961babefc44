"""Each variant's energy over past runs, as one page."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from bench.report.history import ConditionChange, History
from bench.report.html import svg
from bench.report.html.figures import SHAPES, css_of
from bench.report.html.page import environment
from bench.report.html.text import measured
from bench.report.record import EstimateRecord

FRAME = svg.Frame(360, 170, left=62, right=14, top=20, bottom=26)
LEAST_SPAN = 0.02
"""The smallest share of an energy that an axis spans, so that noise does not look like a change."""


@dataclass(frozen=True)
class Course:
    """A variant over time: its drawing and its first and last energy."""

    variant: str
    network: str
    drawing: Markup
    count: int
    first: EstimateRecord
    last: EstimateRecord

    @property
    def change(self) -> float:
        """Of the last energy against the first, as a share."""
        return self.last.value / self.first.value - 1.0


def render_history(history: History) -> str:
    """The page for past runs."""
    courses = [*_courses(history)]
    return (
        environment()
        .get_template("history.html.j2")
        .render(
            history=history,
            courses=courses,
            networks=[(name, [*found]) for name, found in groupby(courses, lambda c: c.network)],
            first=history.runs[0].started,
            last=history.runs[-1].started,
        )
    )


def _courses(history: History) -> Iterator[Course]:
    technique = {r.variant: r.technique for run in history.runs for r in run.report.variants}
    network = {r.variant: r.network for run in history.runs for r in run.report.variants}
    for variant in history.variants:
        energies = history.energies(variant)
        drawing = _drawing(history, variant, technique[variant], energies)
        first, last = energies[0][1], energies[-1][1]
        yield Course(variant, network[variant], drawing, len(energies), first, last)


def _drawing(
    history: History, variant: str, technique: str, energies: list[tuple[int, EstimateRecord]]
) -> Markup:
    x, y = _time_scale(history), _energy_scale([energy for _, energy in energies])
    css, shape = css_of(technique), SHAPES.get(technique, "diamond")
    drawn = [FRAME.grid(y, "energy / µJ", lambda value: f"{value:,.6g}"), *_dates(history, x)]
    drawn += [_changed(history, change, number, x) for number, change in _numbered(history)]
    at = {place: x(_seconds(history, place)) for place, _ in energies}
    for stretch in _stretches(history, energies):
        through = [(at[place], y(energy.value * 1e6)) for place, energy in stretch]
        drawn.append(svg.polyline(through, f"series {css}"))
    for place, energy in energies:
        value, spread = energy.value * 1e6, energy.expanded * 1e6
        started = history.runs[place].started
        tip = f"{started:%Y-%m-%d %H:%M}: {measured(energy.value, energy.expanded, 'J')}"
        drawn.append(svg.error_bar(at[place], y(value - spread), y(value + spread), f"error {css}"))
        drawn.append(svg.mark((at[place], y(value)), shape, f"mark {css}", tip, size=3.5))
    drawn.append(svg.text((FRAME.left, 12), variant, "name", "start"))
    last = measured(energies[-1][1].value, energies[-1][1].expanded, "J")
    return FRAME.drawing(f"{variant}: {len(energies)} runs, last {last}", *drawn)


def _seconds(history: History, place: int) -> float:
    return history.runs[place].started.timestamp()


def _time_scale(history: History) -> svg.Scale:
    first, last = _seconds(history, 0), _seconds(history, -1)
    room = 0.04 * ((last - first) or 1.0)
    return FRAME.x(first - room, last + room)


def _energy_scale(energies: list[EstimateRecord]) -> svg.Scale:
    low = min(energy.value - energy.expanded for energy in energies) * 1e6
    high = max(energy.value + energy.expanded for energy in energies) * 1e6
    missing = LEAST_SPAN * abs(high) - (high - low)
    room = max(0.06 * (high - low), missing / 2.0)
    return FRAME.y(low - room, high + room)


def _dates(history: History, x: svg.Scale) -> list[Markup]:
    """The days of the first and the last run; once if they are the same."""
    first, last = history.runs[0].started, history.runs[-1].started
    bottom = FRAME.height - 8
    drawn = [svg.text((FRAME.left, bottom), f"{first:%Y-%m-%d}", "tick", "start")]
    if last.date() != first.date():
        right = FRAME.width - FRAME.right
        drawn.append(svg.text((right, bottom), f"{last:%Y-%m-%d}", "tick", "end"))
    return drawn


def _numbered(history: History) -> Iterator[tuple[int, ConditionChange]]:
    return enumerate(history.changes, start=1)


def _changed(history: History, change: ConditionChange, number: int, x: svg.Scale) -> Markup:
    """A line between the run before the change and the one after it, with its number."""
    before, now = _seconds(history, change.place - 1), _seconds(history, change.place)
    at = x((before + now) / 2.0)
    mark = svg.line((at, FRAME.top), (at, FRAME.height - FRAME.bottom), "edge")
    return mark + svg.text((at, FRAME.top - 4), str(number), "tick")


def _stretches(
    history: History, energies: list[tuple[int, EstimateRecord]]
) -> Iterator[list[tuple[int, EstimateRecord]]]:
    """The energies between two changes of conditions, which a line may join."""
    changes = [change.place for change in history.changes]

    def era(entry: tuple[int, EstimateRecord]) -> int:
        return sum(place <= entry[0] for place in changes)

    for _, stretch in groupby(energies, era):
        yield [*stretch]
