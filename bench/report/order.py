"""The order in which people expect names: C_2 before C_10, C before CL, then L, D, F."""

import re

_TECHNIQUES = {name: rank for rank, name in enumerate(("base", "L", "D", "F"))}
_PART = re.compile(r"\d+|[^\W\d_]+")

Key = tuple[tuple[int, int, str], ...]


def natural(name: str) -> Key:
    """A key to sort names of networks, variants and claims by."""
    return tuple(_rank(part) for part in _PART.findall(name))


def _rank(part: str) -> tuple[int, int, str]:
    if part.isdecimal():
        return (0, int(part), "")
    if part in _TECHNIQUES:
        return (1, _TECHNIQUES[part], "")
    return (2, 0, part)
