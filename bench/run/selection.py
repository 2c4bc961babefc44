"""Which cases a run consists of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from bench.errors import BenchError
from models.catalog import BASE, Network, Technique

Mode = Literal["sim", "hw"]


class SelectionError(BenchError):
    """A selection that selects nothing, or names what is not there."""


@dataclass(frozen=True)
class Case:
    """A variant, or a base (`technique` None), in a mode; its id stands in the test's name."""

    mode: Mode
    network: Network
    technique: Technique | None

    @property
    def name(self) -> str:
        """Such as ``C_5-D`` or ``C_5-base``."""
        return f"{self.network.name}-{self.technique or BASE}"

    @property
    def id(self) -> str:
        """Such as ``sim-C_5-D``."""
        return f"{self.mode}-{self.name}"


def select_networks(known: Mapping[str, Network], patterns: str | None) -> list[Network]:
    """The networks whose name matches one of the comma-separated `patterns` (None: all).

    Raises:
        SelectionError: A pattern matches none.
    """
    if patterns is None:
        return list(known.values())
    wanted = _words(patterns)
    for pattern in wanted:
        if not any(fnmatchcase(name, pattern) for name in known):
            raise SelectionError(
                f"--networks: {pattern!r} matches none of {', '.join(known)}: use names or "
                "patterns such as C_*"
            )
    return [
        network
        for name, network in known.items()
        if any(fnmatchcase(name, pattern) for pattern in wanted)
    ]


def select_techniques(names: str | None) -> tuple[list[Technique], bool]:
    """The techniques among comma-separated `names` (None: all), and whether the base is wanted.

    Raises:
        SelectionError: A name is no technique.
    """
    if names is None:
        return list(Technique), True
    wanted = _words(names)
    possible = [*Technique, BASE]
    for name in wanted:
        if name not in possible:
            raise SelectionError(
                f"--techniques: {name!r} is none of {', '.join(possible)}: use for example L,D"
            )
    return [technique for technique in Technique if technique in wanted], BASE in wanted


def variant_cases(
    modes: Sequence[Mode], networks: Iterable[Network], techniques: Iterable[Technique]
) -> list[Case]:
    """A case for each variant in each mode."""
    chosen = list(techniques)
    return [
        Case(mode, net, technique) for mode in modes for net in networks for technique in chosen
    ]


def base_cases(modes: Sequence[Mode], networks: Iterable[Network]) -> list[Case]:
    """A case for each base in each mode."""
    return [Case(mode, network, None) for mode in modes for network in networks]


def _words(text: str) -> list[str]:
    return [word for word in (part.strip() for part in text.split(",")) if word]
