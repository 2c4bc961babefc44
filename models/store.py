"""A content-addressed store: an entry's address is the hash of all that decides what is in it.

An entry is a directory of files and an index with the size and hash of each. It is built in a
directory of its own beside the others and renamed into its place when complete, under a lock that
lets one process build while the others wait. Whatever is not whole (a builder killed in mid-write,
a file cut short, a flipped bit) is noticed when the entry is loaded, and built again.
"""

import contextlib
import errno
import os
import secrets
import shutil
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from models.entry import INDEX, DamagedError, Entry, write_index
from models.errors import StoreError
from models.keys import Key

_PARTIAL = ".partial"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_RENAMES = 8


def _silent(_message: str) -> None:
    pass


class Store:
    """The store under one directory; any number of processes may use it at the same time.

    Args:
        root: The directory; made when something is first built.
        notice: Told, in a sentence for people, of waiting for another process and of damage.
    """

    def __init__(self, root: Path, notice: Callable[[str], None] = _silent) -> None:
        self.root = root
        self._notice = notice

    def get(self, key: Key) -> Entry | None:
        """The whole and verified entry of ``key``, or None where there is none to be used.

        Raises:
            StoreError: When the store cannot be read.
        """
        with contextlib.suppress(DamagedError):
            return self._verified(key)
        return None

    def get_or_build(self, key: Key, build: Callable[[Path], None], *, label: str) -> Entry:
        """The entry of ``key``, built if need be, by this process or by one that was faster.

        Args:
            key: What decides the artefact.
            build: Writes the artefact's files into the empty directory it is given.
            label: The artefact's name in notices, such as ``weights of C_5``.

        Raises:
            StoreError: When the store cannot be read or written.
            Exception: Whatever ``build`` raises; nothing of that attempt stays.
        """
        entry = self.get(key)
        if entry is not None:
            return entry
        with self.lock(key, label=label):
            try:
                entry = self._verified(key)
            except DamagedError as damage:
                self._notice(f"{label}: the stored one is damaged ({damage}); it is built again")
            return entry or self._build(key, build)

    @contextlib.contextmanager
    def lock(self, key: Key, *, label: str) -> Iterator[None]:
        """Hold the right to build ``key``; a process that dies gives it back.

        Raises:
            StoreError: When the lock's file cannot be written.
        """
        with self._storage_errors("lock"):
            lock = self._file_lock(self._directory(key))
            try:
                lock.acquire(timeout=0)
            except Timeout:
                self._notice(f"{label}: another process is making it, waiting ({lock.lock_file})")
                lock.acquire(poll_interval=0.1)
        try:
            yield
        finally:
            lock.release()

    def entries(self) -> list[Entry]:
        """All entries, by kind and address, read from their indexes without verifying the files."""
        found = []
        for index in sorted(self.root.glob(f"*/*/{INDEX}")):
            if not index.parent.name.endswith(_PARTIAL):
                with contextlib.suppress(DamagedError):
                    found.append(Entry.indexed(index.parent))
        return found

    def clear(self) -> None:
        """Remove all entries, damaged ones too, but none that is being built.

        Raises:
            StoreError: When something cannot be removed.
        """
        self._remove_leftovers()
        with self._storage_errors("remove from"):
            for directory in self.root.glob("*/*/"):
                with self._lock_if_free(directory) as free:
                    if free and directory.exists():
                        self._discard(directory)

    def _directory(self, key: Key) -> Path:
        return self.root / key.kind / key.name

    def _file_lock(self, directory: Path) -> FileLock:
        """The lock, not yet taken, of the entry that ``directory`` is, was, or is to be."""
        locks = self.root / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        return FileLock(locks / f"{directory.parent.name}-{directory.name.split('.')[0]}.lock")

    def _verified(self, key: Key) -> Entry | None:
        directory = self._directory(key)
        with self._storage_errors("read"):
            if not directory.exists():
                return None
            entry = Entry.indexed(directory)
            entry.verify()
            return entry

    def _build(self, key: Key, build: Callable[[Path], None]) -> Entry:
        """Build ``key``, whose lock is held."""
        self._remove_leftovers(held=key)
        target = self._directory(key)
        partial = _aside(target)
        try:
            with self._storage_errors("write to"):
                partial.mkdir(parents=True)
            with self._storage_errors("write to", _FULL):
                build(partial)
            with self._storage_errors("write to"):
                write_index(key, partial)
                if target.exists():
                    self._discard(target)
                _rename(partial, target)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        return Entry.indexed(target)

    def _discard(self, directory: Path) -> None:
        """Take ``directory`` out of use at once, then remove it."""
        gone = _aside(directory)
        _rename(directory, gone)
        shutil.rmtree(gone)

    def _remove_leftovers(self, held: Key | None = None) -> None:
        """Remove what killed builders left: a directory whose lock is free has no builder."""
        for partial in self.root.glob(f"*/*{_PARTIAL}"):
            with contextlib.suppress(OSError), self._lock_if_free(partial) as free:
                if free or (held is not None and partial.name.startswith(f"{held.name}.")):
                    shutil.rmtree(partial)

    @contextlib.contextmanager
    def _lock_if_free(self, directory: Path) -> Iterator[bool]:
        """Hold the lock of ``directory``'s entry unless another process has it; says which."""
        lock = self._file_lock(directory)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    @contextlib.contextmanager
    def _storage_errors(self, doing: str, only: Collection[int] = ()) -> Iterator[None]:
        """Explain an `OSError`, or only those of these numbers, as a `StoreError`."""
        try:
            yield
        except OSError as error:
            if only and error.errno not in only:
                raise
            seen = f"cannot {doing} the store {self.root}: {error.strerror or error}"
            if error.errno in _FULL:
                raise StoreError(
                    f"{seen}; nothing half-written is kept. Make room (`python -m models clear`"
                    " empties the store) or let HAR_CACHE name a directory on another disk"
                ) from error
            raise StoreError(
                f"{seen} ({error.filename}). A directory that this user may read and write is"
                " wanted: mend its permissions or let HAR_CACHE name another"
            ) from error


def _aside(directory: Path) -> Path:
    """A new name beside ``directory`` for what is not, or no more, an entry."""
    return directory.with_name(f"{directory.name}.{secrets.token_hex(4)}{_PARTIAL}")


def _rename(source: Path, target: Path) -> None:
    """Rename a directory, as often as a virus scanner that has a file open makes it fail."""
    for attempt in range(_RENAMES):
        try:
            source.rename(target)
            return
        except PermissionError:
            if os.name != "nt" or attempt == _RENAMES - 1:
                raise
            time.sleep(0.02 * 2**attempt)
