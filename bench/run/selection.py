"""Which cases a run consists of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from bench.errors import BenchError
from models.catalog import BASE, NETWORKS, Network, Technique

Mode = Literal["sim", "hw"]


class SelectionError(BenchError):
    """A selection that selects nothing, or names what is not there."""


OWN = "own"
"""Stands in the place of a technique for a model that a user brings."""


@dataclass(frozen=True)
class Case:
    """What one test is about; its id stands in the test's name.

    Attributes:
        mode: Simulated lab or hardware.
        network: Name of the network, or of a user's own model.
        technique: ``L``, ``D``, ``F``, ``base`` or ``own``.
    """

    mode: Mode
    network: str
    technique: str

    @property
    def name(self) -> str:
        """Such as ``C_5-D`` or ``C_5-base``."""
        return f"{self.network}-{self.technique}"

    @property
    def id(self) -> str:
        """Such as ``sim-C_5-D``."""
        return f"{self.mode}-{self.name}"


@dataclass(frozen=True)
class Selection:
    """The networks and techniques of a run; a user's own model takes the place of both."""

    networks: tuple[Network, ...]
    techniques: tuple[Technique, ...]
    base: bool
    own: str | None = None

    @property
    def whole_table(self) -> bool:
        """Whether all of the paper's networks are in it, bases too, under every technique."""
        chosen = {network.name for network in self.networks}
        return chosen >= set(NETWORKS) and self.techniques == tuple(Technique) and self.base

    def variants(self, modes: Sequence[Mode]) -> list[Case]:
        """The cases that are put on a device."""
        if self.own is not None:
            return [Case(mode, self.own, OWN) for mode in modes]
        return [
            Case(mode, network.name, technique)
            for mode in modes
            for network in self.networks
            for technique in self.techniques
        ]

    def accuracies(self, modes: Sequence[Mode]) -> list[Case]:
        """The cases that have an accuracy: variants and bases."""
        if self.own is not None:
            return []
        techniques = [*([BASE] if self.base else []), *self.techniques]
        return [
            Case(mode, network.name, technique)
            for mode in modes
            for network in self.networks
            for technique in techniques
        ]


def select(
    known: Mapping[str, Network],
    networks: str | None = None,
    techniques: str | None = None,
    own: str | None = None,
) -> Selection:
    """Choose among `known` networks.

    Args:
        known: By name.
        networks: Comma-separated names or patterns such as ``C_*``; None for all.
        techniques: Comma-separated, of L, D, F and base; None for all.
        own: Name of a user's own model, which is then the only case.

    Raises:
        SelectionError: A name or pattern matches nothing.
    """
    chosen, base = _techniques(techniques)
    return Selection(_networks(known, networks), chosen, base, own)


def _networks(known: Mapping[str, Network], patterns: str | None) -> tuple[Network, ...]:
    if patterns is None:
        return tuple(known.values())
    wanted = _words("--networks", patterns)
    for pattern in wanted:
        if not any(fnmatchcase(name, pattern) for name in known):
            raise SelectionError(
                f"--networks: {pattern!r} matches none of {', '.join(known)}: use names or "
                "patterns such as C_*"
            )
    return tuple(
        network
        for name, network in known.items()
        if any(fnmatchcase(name, pattern) for pattern in wanted)
    )


def _techniques(names: str | None) -> tuple[tuple[Technique, ...], bool]:
    if names is None:
        return tuple(Technique), True
    wanted = _words("--techniques", names)
    possible = [*Technique, BASE]
    for name in wanted:
        if name not in possible:
            raise SelectionError(
                f"--techniques: {name!r} is none of {', '.join(possible)}: use for example L,D"
            )
    return tuple(technique for technique in Technique if technique in wanted), BASE in wanted


def _words(option: str, text: str) -> list[str]:
    words = [word for word in (part.strip() for part in text.split(",")) if word]
    if not words:
        raise SelectionError(f"{option}: {text!r} names nothing: leave it out to select all")
    return words
