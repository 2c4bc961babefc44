"""Elements of SVG and the scales that place data on them.

Colours, fonts and dashes are the style sheet's, so that a drawing follows the page into the dark
and onto paper.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

Point = tuple[float, float]
_APART = 40.0
"""Least distance of the lines of a grid."""


def element(name: str, *content: str | Markup, **attributes: object) -> Markup:
    """An element; ``class_`` and ``text_anchor`` become ``class`` and ``text-anchor``."""
    written = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _value(value))
        for key, value in attributes.items()
        if value is not None
    )
    inside = Markup("").join(escape(part) for part in content)
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), written, inside)  # noqa: S704


def _value(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def polyline(points: Sequence[Point], css: str) -> Markup:
    """A line through points."""
    return element("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points), class_=css)


def line(begin: Point, end: Point, css: str) -> Markup:
    """A straight line."""
    return element("line", x1=begin[0], y1=begin[1], x2=end[0], y2=end[1], class_=css)


def text(at: Point, content: str, css: str, anchor: str = "middle") -> Markup:
    """A text at a point, in its middle, ``start`` or ``end``."""
    return element("text", content, x=at[0], y=at[1], class_=css, text_anchor=anchor)


def mark(at: Point, shape: str, css: str, tip: str = "", size: float = 4.5) -> Markup:
    """A data point: circle, square, triangle or diamond, with a tip for the pointer."""
    x, y = at
    corners = {
        "square": ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
        "triangle": ((0, -1.15), (1.1, 0.85), (-1.1, 0.85)),
        "diamond": ((0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)),
    }
    title = (element("title", tip),) if tip else ()
    if shape == "circle":
        return element("circle", *title, cx=x, cy=y, r=size, class_=css)
    path = " ".join(f"{x + size * dx:.1f},{y + size * dy:.1f}" for dx, dy in corners[shape])
    return element("polygon", *title, points=path, class_=css)


def error_bar(x: float, low: float, high: float, css: str) -> Markup:
    """A vertical bar with caps from `low` to `high`, in the drawing's coordinates."""
    bar = f"M{x:.1f},{low:.1f}V{high:.1f}M{x - 3:.1f},{low:.1f}h6M{x - 3:.1f},{high:.1f}h6"
    return element("path", d=bar, class_=css)


@dataclass(frozen=True)
class Scale:
    """From values to coordinates, linear or logarithmic."""

    low: float
    high: float
    begin: float
    end: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """The coordinate of a value."""
        low, high, at = self.low, self.high, value
        if self.logarithmic:
            low, high, at = math.log10(low), math.log10(high), math.log10(max(value, 1e-300))
        return self.begin + (at - low) / ((high - low) or 1.0) * (self.end - self.begin)

    def ticks(self) -> list[float]:
        """Round values within the scale, some 40 units apart."""
        if self.logarithmic:
            return list(self._decades())
        count = max(1.0, abs(self.end - self.begin) / _APART)
        step = round_step((self.high - self.low) / count)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [n * step for n in range(first, last + 1)]

    def _decades(self) -> Iterator[float]:
        for power in range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1):
            for factor in (1, 2, 5):
                value = factor * 10.0**power
                if self.low <= value <= self.high:
                    yield value


def round_step(about: float) -> float:
    """The step of 1, 2 or 5 times a power of ten that is next above `about`."""
    if about <= 0.0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(about))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= about * 0.999)


@dataclass(frozen=True)
class Frame:
    """The drawing's size and the room around its plot area, in its own units."""

    width: float
    height: float
    left: float = 56.0
    right: float = 12.0
    top: float = 14.0
    bottom: float = 44.0

    def y(self, low: float, high: float) -> Scale:
        """The vertical scale, upwards."""
        return Scale(low, high, self.height - self.bottom, self.top)

    def x(self, low: float, high: float, logarithmic: bool = False) -> Scale:
        """The horizontal scale."""
        return Scale(low, high, self.left, self.width - self.right, logarithmic)

    def grid(self, y: Scale, label: str, tick: Callable[[float], str]) -> Markup:
        """Horizontal lines at round values with their text, and the axis' label."""
        right = self.width - self.right
        parts = []
        for value in y.ticks():
            at = y(value)
            parts.append(line((self.left, at), (right, at), "grid"))
            parts.append(text((self.left - 7, at + 4), tick(value), "tick", "end"))
        middle = (self.top + self.height - self.bottom) / 2
        turned = element(
            "text", label, class_="label", text_anchor="middle",
            transform=f"translate(13 {middle:.0f}) rotate(-90)",
        )  # fmt: skip
        return Markup("").join([*parts, turned])

    def below(self, at: float, content: str, css: str = "tick") -> Markup:
        """A text under the plot area."""
        return text((at, self.height - self.bottom + 18), content, css)

    def x_label(self, content: str) -> Markup:
        """The label of the horizontal axis."""
        return text(((self.left + self.width - self.right) / 2, self.height - 6), content, "label")

    def drawing(self, name: str, *content: Markup, role: str = "img") -> Markup:
        """All of it, with the name that is read to those who cannot see it."""
        view = f"0 0 {self.width:g} {self.height:g}"
        return element("svg", *content, viewBox=view, role=role, aria_label=name, class_="plot")
