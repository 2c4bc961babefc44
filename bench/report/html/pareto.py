"""Accuracy against energy of all variants, and those that no other surpasses in both."""

from itertools import pairwise

from markupsafe import Markup

from bench.report.found import accuracy_of, energy_of
from bench.report.html import svg
from bench.report.html.figures import SHAPES, Drawing, css_of
from bench.report.html.results import FAMILIES, Results
from bench.report.html.text import measured, percent

FRAME = svg.Frame(900, 420, left=60)
LEAST_SPAN = 0.01
"""Of the axis of accuracy: a smaller one would make much of differences that say little."""
Box = tuple[float, float, float, float]
"""Left, top, right and bottom."""
Points = dict[str, tuple[float, float]]
"""Energy in J and accuracy by variant."""


def pareto_front(points: Points) -> list[str]:
    """The names of which no other has less energy and more accuracy; from least energy on."""
    front: list[str] = []
    best = float("-inf")
    for name in sorted(points, key=lambda name: (points[name][0], -points[name][1])):
        if points[name][1] > best:
            front.append(name)
            best = points[name][1]
    return front


def pareto_figure(results: Results) -> Drawing | None:
    """Each variant's accuracy against its energy; None with fewer than two."""
    points = _points(results)
    if len(points) < 2:
        return None
    energies, accuracies = zip(*points.values(), strict=True)
    spread = max(accuracies) - min(accuracies)
    room = max(0.08 * spread, (LEAST_SPAN - spread) / 2.0)
    x = FRAME.x(min(energies) * 0.85, max(energies) * 1.18, logarithmic=True)
    y = FRAME.y(min(accuracies) - room, max(accuracies) + room)
    front = pareto_front(points)
    places = {name: (x(energy), y(accuracy)) for name, (energy, accuracy) in points.items()}
    drawn = [
        FRAME.grid(y, "accuracy / %", lambda value: f"{value * 100:.1f}"),
        *_x_axis(x),
        svg.polyline(_stairs([places[name] for name in front]), "front"),
        *(
            _variant(results, name, places[name], name in front)
            for name in sorted(points, key=front.__contains__)
        ),
        *_labels(front, places),
    ]
    note = (
        f"{len(front)} of {len(points)} variants are on the front, joined by the line: none has "
        "both less energy and more accuracy than they. Differences in accuracy that are smaller "
        "than the intervals in Fig. 2 say little."
    )
    name = f"Accuracy against energy of {len(points)} variants; on the front: {', '.join(front)}"
    return Drawing("Accuracy against energy", FRAME.drawing(name, *drawn, role="group"), note)


def _points(results: Results) -> Points:
    points: Points = {}
    for name, record in results.variants.items():
        energy, accuracy = energy_of(record), accuracy_of(record)
        if energy is not None and accuracy is not None and accuracy.accuracy is not None:
            points[name] = (energy.value, accuracy.accuracy)
    return points


def _x_axis(x: svg.Scale) -> list[Markup]:
    bottom = FRAME.height - FRAME.bottom
    lines = [svg.line((x(tick), FRAME.top), (x(tick), bottom), "grid") for tick in x.ticks()]
    texts = [FRAME.below(x(tick), f"{tick * 1e6:,.4g}") for tick in x.ticks()]
    return [*lines, *texts, FRAME.x_label("energy of an inference / µJ, logarithmic")]


def _stairs(points: list[svg.Point]) -> list[svg.Point]:
    """Level from each point to the energy of the next, and on to the right edge."""
    corners: list[svg.Point] = [(points[0][0], FRAME.height - FRAME.bottom), points[0]]
    for (_, y), (x_next, y_next) in pairwise(points):
        corners += [(x_next, y), (x_next, y_next)]
    return [*corners, (FRAME.width - FRAME.right, points[-1][1])]


def _variant(results: Results, name: str, at: svg.Point, in_front: bool) -> Markup:
    """A mark that leads to the variant's row; hollow for networks with an LSTM."""
    record = results.variants[name]
    energy, accuracy = energy_of(record), accuracy_of(record)
    assert energy is not None
    assert accuracy is not None
    assert accuracy.accuracy is not None
    family = results.family(record.network)
    tip = (
        f"{name} ({FAMILIES[family]}): {percent(accuracy.accuracy)}, "
        f"{measured(energy.value, energy.expanded, 'J')}"
    )
    shape = SHAPES.get(record.technique, "diamond")
    css = f"{'mark' if family == 'C' else 'hollow'} {css_of(record.technique)}"
    drawn = svg.mark(at, shape, css, tip, size=6.0 if in_front else 4.5)
    focusable = None if in_front else -1
    return svg.element("a", drawn, href=f"#{name}", aria_label=tip, tabindex=focusable)


def _labels(front: list[str], places: dict[str, svg.Point]) -> list[Markup]:
    """The names on the front, each where it covers no mark and no other name; else left out."""
    taken = [(x - 5, y - 5, x + 5, y + 5) for x, y in places.values()]
    labels = []
    for name in front:
        x, y = places[name]
        width = 7.0 * len(name)
        around = ((-6 - width, -8), (8, 16), (8, -9), (-width, 18))
        for left, base in ((x + dx, y + dy) for dx, dy in around):
            box = (left, base - 10, left + width, base + 2)
            inside = left >= FRAME.left and left + width <= FRAME.width
            if inside and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                labels.append(svg.text((left, base), name, "tick halo", "start"))
                break
    return labels


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
