"""Where an acquisition's samples are counted from: its start, or an edge of the marker."""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.twin.card import Card
from bench.twin.daq.settings import MARKER_LINE, Edge, Settings, Trigger
from bench.twin.world import NoiseKey, Rise, World


@dataclass(frozen=True)
class Origin:
    """Sample 0: its time in s, and the key of the noise; `before` samples come ahead of it."""

    zero: float
    key: NoiseKey
    before: int = 0


def find(
    world: World, card: Card, settings: Settings, begun: float, key: NoiseKey
) -> Origin | None:
    """The origin of an acquisition; None until its trigger has come.

    Args:
        world: Where it happens.
        card: On which.
        settings: Of the task, with a clock.
        begun: When it was armed, in s.
        key: Of the noise if there is no trigger.
    """
    assert settings.clock is not None
    rate = settings.clock.rate
    origin = Origin(begun, key)
    if settings.start:
        edge = _edge(world, settings.start, begun)
        if edge is None:
            return None
        origin = Origin(edge.time, edge.key)
    if settings.reference:
        before = settings.reference.pretrigger
        edge = _edge(world, settings.reference, origin.zero + before / rate)
        if edge is None:
            return None
        origin = Origin(card.first_tick(edge, rate), edge.key, before)
    return origin


def _edge(world: World, trigger: Trigger, after: float) -> Rise | None:
    """The first edge at or after a time in s; nothing is connected but the marker."""
    if trigger.line != MARKER_LINE:
        return None
    edges = world.rises if trigger.edge is Edge.RISING else _falls(world)
    return next((edge for edge in edges if edge.time >= after), None)


def _falls(world: World) -> Iterator[Rise]:
    """Falling edges, each with a key of its own beside that of its rise."""
    rises, high = iter(world.rises), False
    key: NoiseKey = ()
    for start, marker in zip(world.history.start, world.history.marker, strict=True):
        if marker and not high:
            key = next(rises).key
        if high and not marker:
            yield Rise(start, (*key, "fall"))
        high = marker
