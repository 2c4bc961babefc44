"""Reads the published UCI-HAR distribution: a folder, a zip, or a zip that holds that zip.

Layout and units are those of the distribution's README (DOI 10.24432/C54S4K): text files of one
window a row, labels 1 to 6, subjects 1 to 30, acceleration in g and angular rate in rad/s at 50 Hz.
"""

import hashlib
import io
import json
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from models.catalog import ACTIVITIES, WINDOW_SAMPLES
from models.errors import DatasetError
from models.split import SUBJECTS
from models.windows import Windows

ADVICE = "get the distribution again, or name another with --dataset or HAR_DATASET"

_PARTS = ("train", "test")
_SIGNALS = tuple(f"{kind}_{axis}" for kind in ("total_acc", "body_gyro") for axis in "xyz")


def _labels(part: str) -> str:
    return f"{part}/y_{part}.txt"


def _subjects(part: str) -> str:
    return f"{part}/subject_{part}.txt"


def _signal(part: str, signal: str) -> str:
    return f"{part}/Inertial Signals/{signal}_{part}.txt"


NEEDED = tuple(
    name
    for part in _PARTS
    for name in (_labels(part), _subjects(part), *(_signal(part, s) for s in _SIGNALS))
)
"""The files that are read, by their names below the distribution's top folder."""


def published_sums() -> dict[str, str]:
    """SHA-256 of the published distribution's files, by their names below its top folder."""
    text = resources.files("models").joinpath("uci_har_sha256.json").read_text(encoding="utf-8")
    sums: dict[str, str] = json.loads(text)
    return sums


def fingerprint(path: Path) -> str:
    """SHA-256 of what lies at ``path``; another when a byte of the distribution is another.

    Raises:
        DatasetError: There is nothing, or a folder without the distribution.
    """
    if path.is_dir():
        with _opened(path) as files:
            for name in NEEDED:
                files.read(name)
        return hashlib.sha256(json.dumps(files.sums).encode()).hexdigest()
    with _file(path) as archive:
        return hashlib.file_digest(archive, "sha256").hexdigest()


def read(path: Path, sums: Mapping[str, str]) -> Windows:
    """The windows of the distribution at ``path`` as published, its training part first.

    Args:
        path: The distribution's folder or the one above it, its zip, or a zip that holds that zip.
        sums: SHA-256 of each file in ``NEEDED``; a file with another is refused.

    Raises:
        DatasetError: The distribution is missing, damaged, or not the published one.
    """
    with _opened(path) as files:
        parts = [_part(files, part) for part in _PARTS]
    # After the contents, so that a fault which has a name is called by it.
    for name, seen in files.sums.items():
        if seen != sums[name]:
            raise files.fault(
                name, f"is not the published file: its SHA-256 is {seen}, wanted {sums[name]}"
            )
    return Windows(
        x=np.concatenate([part.x for part in parts]),
        y=np.concatenate([part.y for part in parts]),
        subjects=np.concatenate([part.subjects for part in parts]),
    )


@dataclass(frozen=True)
class _Files:
    """A distribution's files, wherever they lie, and the SHA-256 of those that were read."""

    where: str
    content: Callable[[str], bytes]
    sums: dict[str, str] = field(default_factory=dict)

    def read(self, name: str) -> bytes:
        try:
            data = self.content(name)
        except _UNREADABLE as error:
            raise self.fault(name, f"cannot be read ({error})") from error
        self.sums[name] = hashlib.sha256(data).hexdigest()
        return data

    def fault(self, name: str, what: str) -> DatasetError:
        return DatasetError(f"{self.where}: {name} {what}; {ADVICE}")


# What files raise, and zipfile for damage, encryption and kinds of zip that it does not know.
_UNREADABLE = (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError)


@contextmanager
def _opened(path: Path) -> Iterator[_Files]:
    if path.is_dir():
        yield _folder(path)
        return
    with _file(path) as file, _zip(str(path), file) as archive:
        inner = _inner_zip(archive)
        if inner is None:
            yield _zipped(str(path), archive)
            return
        where = f"{path}: {inner}"
        try:
            content = archive.read(inner)
        except _UNREADABLE as error:
            raise DatasetError(f"{where} cannot be read ({error}); {ADVICE}") from error
        with _zip(where, io.BytesIO(content)) as nested:
            yield _zipped(where, nested)


def _folder(path: Path) -> _Files:
    try:
        tops = [path, *sorted(below for below in path.iterdir() if below.is_dir())]
        names = [top / name for top in tops for name in NEEDED if (top / name).is_file()]
    except OSError as error:
        raise DatasetError(f"{path}: {error.strerror}; {ADVICE}") from error
    top = path / _top(str(path), [name.relative_to(path).as_posix() for name in names])
    return _Files(str(path), lambda name: (top / name).read_bytes())


def _file(path: Path) -> io.BufferedReader:
    try:
        return path.open("rb")
    except OSError as error:
        raise DatasetError(f"{path}: {error.strerror}; {ADVICE}") from error


def _zip(where: str, file: BinaryIO) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except zipfile.BadZipFile as error:
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        start = file.read(256).lstrip().lower()
        if start.startswith((b"<!doctype", b"<html", b"<?xml")):
            seen = "an HTML page, as a server sends for a log-in or an error,"
        elif start.startswith(b"pk"):
            seen = f"the beginning of a zip without its end ({size:,} bytes)"
        else:
            seen = f"{size:,} bytes that begin with {start[:16]!r}"
        raise DatasetError(f"{where}: {seen} where a zip was wanted; {ADVICE}") from error
    except _UNREADABLE as error:
        raise DatasetError(f"{where}: cannot be read ({error}); {ADVICE}") from error


def _zipped(where: str, archive: zipfile.ZipFile) -> _Files:
    top = _top(where, archive.namelist())
    return _Files(where, lambda name: archive.read(top + name))


def _inner_zip(archive: zipfile.ZipFile) -> str | None:
    """The name of the zip in a zip that does not itself hold the distribution."""
    names = archive.namelist()
    if any(_tops(names)):
        return None
    return next((name for name in names if name.lower().endswith(".zip")), None)


def _tops(names: Iterable[str]) -> Counter[str]:
    """How many of the needed files lie under each top folder (with its slash)."""
    return Counter(
        name.removesuffix(needed)
        for name in names
        for needed in NEEDED
        if name == needed or name.endswith("/" + needed)
    )


def _top(where: str, names: list[str]) -> str:
    tops = _tops(names)
    if not tops:
        raise DatasetError(
            f"{where}: none of the UCI-HAR distribution's files is there,"
            f" wanted {NEEDED[0]} and {len(NEEDED) - 1} others; {ADVICE}"
        )
    top = max(tops, key=lambda top: tops[top])
    missing = [name for name in NEEDED if top + name not in names]
    if missing:
        raise DatasetError(
            f"{where}: {len(missing)} of {len(NEEDED)} files are missing:"
            f" {', '.join(missing[:3])}{' ...' if len(missing) > 3 else ''}; {ADVICE}"
        )
    return top


def _part(files: _Files, part: str) -> Windows:
    labels = _whole_numbers(files, _labels(part), len(ACTIVITIES))
    subjects = _whole_numbers(files, _subjects(part), SUBJECTS)
    rows = {_subjects(part): len(subjects)}
    x = np.empty((len(labels), WINDOW_SAMPLES, len(_SIGNALS)), np.float32)
    for channel, signal in enumerate(_SIGNALS):
        name = _signal(part, signal)
        values = _numbers(files, name, WINDOW_SAMPLES)
        rows[name] = len(values)
        if len(values) == len(labels):
            x[:, :, channel] = values
    for name, seen in rows.items():
        if seen != len(labels):
            raise files.fault(name, f"has {seen} rows, but {_labels(part)} has {len(labels)}")
    return Windows(x=x, y=labels - 1, subjects=subjects)


def _whole_numbers(files: _Files, name: str, last: int) -> NDArray[np.int64]:
    values = _numbers(files, name, columns=1)[:, 0]
    wrong = np.flatnonzero((values != np.rint(values)) | (values < 1) | (values > last))
    if len(wrong):
        row = wrong[0]
        raise files.fault(
            name, f"has {values[row]:g} in line {row + 1}, wanted a whole number from 1 to {last}"
        )
    return values.astype(np.int64)


def _numbers(files: _Files, name: str, columns: int) -> NDArray[np.float64]:
    """A text file's finite numbers, (rows, columns); an empty line is a fault like any other."""
    try:
        lines = files.read(name).decode("ascii").splitlines()
    except UnicodeDecodeError as error:
        raise files.fault(name, f"is no text ({error})") from error
    if not lines:
        raise files.fault(name, f"is empty, wanted rows of {columns} numbers")
    try:
        values = np.loadtxt(lines, np.float64, comments=None, ndmin=2)
    except ValueError as error:
        raise files.fault(name, _first_fault(lines, columns) or str(error)) from error
    if values.shape != (len(lines), columns) or not np.isfinite(values).all():
        raise files.fault(name, _first_fault(lines, columns) or f"has the shape {values.shape}")
    return values


def _first_fault(lines: list[str], columns: int) -> str | None:
    """What is wrong with the first line that is wrong."""
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if len(words) != columns:
            return f"has {len(words)} numbers in line {number}, wanted {columns}"
        for column, word in enumerate(words, start=1):
            try:
                finite = np.isfinite(float(word))
            except ValueError:
                finite = False
            if not finite:
                return f"has {word[:40]!r} in line {number}, column {column}, wanted a number"
    return None
