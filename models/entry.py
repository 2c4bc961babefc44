"""An entry of the store: a directory with the files of one artefact and an index of them."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import JsonValue

from models.file_part import FilePart
from models.keys import Key, canonical_json

INDEX = "index.json"


class FileFacts(FilePart):
    """A file of an entry: its size in bytes and its SHA-256 in hexadecimal."""

    size: int
    sha256: str


class _Index(FilePart):
    kind: str
    ingredients: dict[str, JsonValue]
    files: dict[str, FileFacts]


class DamagedError(Exception):
    """Why an entry cannot be used; never leaves the store."""


@dataclass(frozen=True)
class Entry:
    """An artefact in the store.

    Attributes:
        key: What decided it.
        path: Its directory. Nothing in it may be changed.
        files: Its files by name (relative to ``path``, with forward slashes), without the index.
    """

    key: Key
    path: Path
    files: Mapping[str, FileFacts]

    @classmethod
    def indexed(cls, directory: Path) -> Self:
        """The entry in a directory as its index tells it; the files are not looked at.

        Raises:
            DamagedError: There is no index, or it is none of this directory.
        """
        try:
            index = _Index.model_validate(json.loads((directory / INDEX).read_bytes()))
        except FileNotFoundError:
            raise DamagedError(f"{INDEX} is missing") from None
        except ValueError:
            raise DamagedError(f"{INDEX} is not readable") from None
        key = Key(index.kind, index.ingredients)
        if key.name != directory.name:
            raise DamagedError(f"{INDEX} does not match its own address")
        return cls(key, directory, index.files)

    @property
    def size(self) -> int:
        """The size of all its files in bytes."""
        return sum(facts.size for facts in self.files.values())

    def verify(self) -> None:
        """See that every file is what the index says.

        Raises:
            DamagedError: One is not.
        """
        for name, facts in self.files.items():
            _check(self.path / name, facts)


def write_index(key: Key, directory: Path) -> None:
    """Write the index of all files that are in the directory."""
    files = {
        path.relative_to(directory).as_posix(): FileFacts(
            size=path.stat().st_size, sha256=_sha256(path)
        )
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }
    ingredients = json.loads(canonical_json(key.ingredients))
    index = _Index(kind=key.kind, ingredients=ingredients, files=files)
    (directory / INDEX).write_text(index.model_dump_json(indent=1), encoding="utf-8")


def _check(path: Path, facts: FileFacts) -> None:
    try:
        size = path.stat().st_size
        if size != facts.size:
            raise DamagedError(f"{path.name} has {size:,} bytes, not {facts.size:,}")
        if _sha256(path) != facts.sha256:
            raise DamagedError(f"{path.name} has changed since it was written")
    except FileNotFoundError:
        raise DamagedError(f"{path.name} is missing") from None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
