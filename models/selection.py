"""What a user picks on a command line: networks, techniques and folds, as text."""

from fnmatch import fnmatchcase
from pathlib import Path

from models.catalog import NETWORKS, Network, Technique
from models.errors import CatalogError, DatasetError
from models.networks_file import load_networks
from models.split import FOLDS


def select_networks(patterns: str | None = None, file: Path | None = None) -> list[Network]:
    """The networks that match, in the order of Table 1 and then of the file.

    Args:
        patterns: Names or shell patterns with commas between them, such as ``C_5,CL_*``; by default
            all of Table 1 or, where a file is given, all of that.
        file: A TOML file with networks of the user's own (`models.networks_file`).

    Raises:
        CatalogError: A pattern matches nothing, or the file cannot be used.
    """
    own = {} if file is None else load_networks(file)
    if patterns is None:
        return list((own or NETWORKS).values())
    networks = {**NETWORKS, **own}
    wanted = _parts(patterns)
    if not wanted:
        raise CatalogError(f"networks {patterns!r} name nothing; leave the option out for all")
    for pattern in wanted:
        if not any(fnmatchcase(name, pattern) for name in networks):
            raise CatalogError(
                f"no network is called {pattern!r}; there are {', '.join(networks)},"
                " and patterns such as CL_*"
            )
    return [
        network
        for name, network in networks.items()
        if any(fnmatchcase(name, pattern) for pattern in wanted)
    ]


def select_techniques(letters: str) -> tuple[Technique, ...]:
    """The techniques of ``L,D`` and the like, each once, in the order L, D, F.

    Raises:
        CatalogError: There is no such technique.
    """
    wanted = _parts(letters)
    if not wanted:
        raise CatalogError(
            f"techniques {letters!r} name nothing; there are {', '.join(Technique)},"
            " or leave the option out for all"
        )
    for letter in wanted:
        if letter not in tuple(Technique):
            raise CatalogError(
                f"no technique is called {letter!r}; there are {', '.join(Technique)}"
            )
    return tuple(technique for technique in Technique if technique in wanted)


def select_folds(text: str) -> list[int]:
    """The folds of ``0``, ``1,3`` or ``all``, each once, in rising order.

    Raises:
        DatasetError: There is no such fold.
    """
    if text.strip() == "all":
        return list(range(FOLDS))
    wanted = _parts(text)
    if not wanted:
        raise DatasetError(f"folds {text!r} name nothing; there are 0 to {FOLDS - 1}, and all")
    for part in wanted:
        if part not in map(str, range(FOLDS)):
            raise DatasetError(f"no fold is called {part!r}; there are 0 to {FOLDS - 1}, and all")
    return sorted(set(map(int, wanted)))


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
