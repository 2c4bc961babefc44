"""Finds the data set, reads it once and keeps it in a form that loads fast.

In this order: the path that is named (``--dataset``), ``HAR_DATASET``, the user's cache, a
download, and where none of these can be, the built-in surrogate. What is named is used or is an
error; only what nobody named is ever replaced by the surrogate, and then the user is told.
"""

import io
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from models import distribution
from models.download import download
from models.entry import Entry
from models.errors import DatasetError, StoreError
from models.keys import Key, source_digest, versions
from models.paths import cache_root
from models.store import Store
from models.surrogate import surrogate
from models.windows import Windows

__all__ = ["SURROGATE", "UCI_HAR", "Dataset", "Publication", "Windows", "load"]

SURROGATE = "surrogate"
"""Named in place of a path, it asks for the surrogate whatever else there is."""

_ARRAYS = ("x", "y", "subjects")
_FORM = 1
"""Raised when the stored form changes or the distribution is read differently."""


@dataclass(frozen=True)
class Publication:
    """Where the distribution is published, and the SHA-256 of each of its files by name."""

    url: str
    sums: Mapping[str, str] = field(default_factory=distribution.published_sums)


UCI_HAR = Publication(
    "https://archive.ics.uci.edu/static/public/240/human+activity+recognition+using+smartphones.zip"
)
_TERMS = (
    "UCI-HAR: cite Anguita et al., ESANN 2013; its licence excludes commercial use"
    " (see README.txt in the archive)"
)


@dataclass(frozen=True)
class Dataset:
    """A data set and what it is.

    Attributes:
        name: Limits files carry it: limits for one data set say nothing about another.
        digest: SHA-256 of the windows, labels and subjects; the same on every machine for UCI-HAR.
        windows: All windows of all subjects, read-only.
        origin: Where it came from, for people.
    """

    name: Literal["uci-har", "surrogate"]
    digest: str
    windows: Windows
    origin: str

    def describe(self) -> str:
        """One line for people, such as is printed with every result."""
        subjects = len(np.unique(self.windows.subjects))
        facts = (
            f"{len(self.windows):,} windows of {subjects} subjects,"
            f" {self.digest[:12]}, from {self.origin}"
        )
        if self.name == SURROGATE:
            return (
                f"SURROGATE DATA, simulated, not UCI-HAR: accuracies say nothing about people"
                f" ({facts}; name the real data set with --dataset or HAR_DATASET)"
            )
        return f"data set {self.name}: {facts}"


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def load(
    path: Path | None = None,
    *,
    cache: Path | None = None,
    progress: Callable[[str], None] = _to_stderr,
    publication: Publication = UCI_HAR,
) -> Dataset:
    """The data set, from the first place that has it (see the module).

    ``HAR_OFFLINE=1`` forbids the download.

    Args:
        path: The distribution as folder, zip, or zip in a zip; or ``surrogate``.
        cache: The store's folder; by default that of ``paths.cache_root``.
        progress: Told, in a line for people, what takes long and why the surrogate stands in.
        publication: What is downloaded and what is accepted.

    Raises:
        DatasetError: What was named is missing, damaged or not the published data set, or the
            cache cannot be written.
    """
    store = Store(cache or cache_root(), progress)
    named = os.environ.get("HAR_DATASET", "") if path is None else str(path)
    try:
        if named == SURROGATE:
            return _surrogate(store)
        if named:
            return _named(store, Path(named).expanduser(), publication, progress)
        return _unnamed(store, publication, progress)
    except StoreError as error:
        raise DatasetError(str(error)) from error


def _named(
    store: Store, path: Path, publication: Publication, progress: Callable[[str], None]
) -> Dataset:
    """The distribution at ``path``, of which every byte is compared with what was once accepted."""
    key = _key(publication)
    archive = Key("archive", {"sha256": distribution.fingerprint(path), "accepted as": key.digest})

    def accept(folder: Path) -> None:
        progress(f"reading {path}, once: it is kept in {store.root}")
        windows = distribution.read(path, publication.sums)
        store.get_or_build(key, lambda entry: _write(windows, entry), label="UCI-HAR")
        (folder / "origin.txt").write_text(f"{path}\n", encoding="utf-8")

    def read_again(folder: Path) -> None:
        _write(distribution.read(path, publication.sums), folder)

    store.get_or_build(archive, accept, label=str(path))
    return _dataset("uci-har", store.get_or_build(key, read_again, label="UCI-HAR"), str(path))


def _unnamed(store: Store, publication: Publication, progress: Callable[[str], None]) -> Dataset:
    def fetch(folder: Path) -> None:
        archive = folder / "download.zip"
        progress(_TERMS)
        download(publication.url, archive, progress)
        windows = distribution.read(archive, publication.sums)
        archive.unlink()
        _write(windows, folder)

    key = _key(publication)
    try:
        if os.environ.get("HAR_OFFLINE") == "1":
            entry = store.get(key)
            if entry is None:
                raise DatasetError("HAR_OFFLINE=1 forbids the download")
        else:
            entry = store.get_or_build(key, fetch, label="UCI-HAR")
    except DatasetError as error:
        progress(
            f"{error}. UCI-HAR is neither named (--dataset, HAR_DATASET) nor in {store.root}:"
            " the built-in surrogate stands in"
        )
        return _surrogate(store)
    return _dataset("uci-har", entry, f"the cache {store.root}")


def _surrogate(store: Store) -> Dataset:
    seed = 0
    key = Key(
        "dataset",
        {
            "name": SURROGATE,
            "seed": seed,
            "code": source_digest(frozenset({"surrogate"})),
            "versions": versions("numpy"),
            "form": _FORM,
        },
    )
    entry = store.get_or_build(
        key, lambda folder: _write(surrogate(seed), folder), label="the surrogate"
    )
    return _dataset("surrogate", entry, f"the built-in simulation, seed {seed}")


def _key(publication: Publication) -> Key:
    sums = {name: publication.sums[name] for name in distribution.NEEDED}
    return Key("dataset", {"name": "uci-har", "sums": sums, "form": _FORM})


def _write(windows: Windows, folder: Path) -> None:
    for name in _ARRAYS:
        # Not to the file at once: what numpy raises of a full disk does not say so.
        buffer = io.BytesIO()
        np.save(buffer, getattr(windows, name))
        (folder / f"{name}.npy").write_bytes(buffer.getbuffer())
    (folder / "digest.txt").write_text(windows.digest(), encoding="ascii")


def _dataset(name: Literal["uci-har", "surrogate"], entry: Entry, origin: str) -> Dataset:
    arrays = [np.load(entry.path / f"{array}.npy") for array in _ARRAYS]
    for array in arrays:
        array.flags.writeable = False
    digest = (entry.path / "digest.txt").read_text(encoding="ascii")
    return Dataset(name, digest, Windows(*arrays), origin)
