"""Keys: what decides an artefact, as one hash.

Besides data and settings that is the code that makes it and the libraries that this code uses.
`source_digest` finds the code by following imports, so that a module which training comes to use
tomorrow is part of the key without anybody having to remember it.
"""

import ast
import functools
import hashlib
import importlib.metadata
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue

_ROOT = Path(__file__).parent
_PACKAGE = _ROOT.name


def canonical_json(value: object) -> str:
    """The one text of a JSON value, whatever the order of its keys and the kind of its sequences.

    Args:
        value: None, booleans, integers, finite floats, strings, and lists, tuples and mappings
            with text keys of these.

    Raises:
        TypeError: Of anything else, which has no one text.
        ValueError: Of a float that is not finite.
    """
    return json.dumps(
        _plain(value), sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=True
    )


def _plain(value: object) -> JsonValue:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
        return {name: _plain(item) for name, item in value.items()}
    raise TypeError(
        f"a key is made of plain JSON values, not of a {type(value).__name__}: {value!r}"
    )


@dataclass(frozen=True)
class Key:
    """What decides an artefact, and so where it lies in the store.

    Attributes:
        kind: The kind of artefact, a file name in lower case such as ``weights``.
        ingredients: All that decides its content, as plain JSON values (see `canonical_json`).
        digest: SHA-256 of both, in hexadecimal.
    """

    kind: str
    ingredients: Mapping[str, object] = field(hash=False)
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        text = canonical_json({"kind": self.kind, "ingredients": self.ingredients})
        object.__setattr__(self, "digest", hashlib.sha256(text.encode("ascii")).hexdigest())

    @property
    def name(self) -> str:
        """A file name for it: 128 bits of the digest, which no two keys will ever share."""
        return self.digest[:32]


@functools.cache
def source_digest(modules: frozenset[str], beyond: frozenset[str] = frozenset()) -> str:
    """SHA-256 of the source of modules of this package and of all it imports from the package.

    The same for either kind of line ending.

    Args:
        modules: Names of modules within this package, such as ``training``.
        beyond: Names of modules that are neither hashed nor followed, because what they decide
            enters the key in another way.
    """
    hashed = hashlib.sha256()
    for module in _closure(modules, beyond):
        text = _source(module)
        hashed.update(f"{module} {len(text)}\n{text}".encode())
    return hashed.hexdigest()


def _closure(modules: Iterable[str], beyond: frozenset[str]) -> list[str]:
    """``modules`` and what they import, directly or not, sorted."""
    found: set[str] = set()
    waiting = set(modules)
    while waiting:
        module = waiting.pop()
        found.add(module)
        waiting |= _imported(_source(module)) - found - beyond
    return sorted(found)


def _imported(source: str) -> set[str]:
    """The modules of this package that a source imports and runs, wherever the import stands."""
    names: set[str] = set()
    for node in _running(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    within = {
        name.removeprefix(f"{_PACKAGE}.") for name in names if name.startswith(f"{_PACKAGE}.")
    }
    return {name for name in within if _path(name).is_file()}


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all below it, but for what only a type checker sees."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        yield from _running(child)


def _path(module: str) -> Path:
    return _ROOT.joinpath(*module.split(".")).with_suffix(".py")


@functools.cache
def _source(module: str) -> str:
    return _path(module).read_text(encoding="utf-8")


@functools.cache
def versions(*distributions: str) -> dict[str, str | None]:
    """The installed version of each distribution, without importing it; None of a missing one."""
    found: dict[str, str | None] = {}
    for name in distributions:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found
