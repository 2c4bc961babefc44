"""The right to use an instrument: exclusive on this machine, and gone with its owner.

A lease is two file locks that the operating system drops when a process ends, however it ends:
the owner's, and that of its guardian. As long as either is held nobody else gets the instrument,
so nobody meets a guardian that is still at work.
"""

import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from bench.errors import StationBusyError

_EVERYBODY = 0o666


def lock_directory() -> Path:
    """Where all users of this machine keep their locks (on Windows: each user's own)."""
    return Path(tempfile.gettempdir()) / "har-energy-bench"


def instrument_name(resource: str) -> str:
    """One name for an instrument, however its VISA `resource` is spelled, fit for a file."""
    full = re.sub(r"^(TCPIP|GPIB|USB)::", r"\g<1>0::", resource.upper())
    return re.sub(r"[^A-Z0-9]+", "-", full).strip("-").lower()


class Lease:
    """The right to use the whole instrument at a VISA resource, both its channels.

    Args:
        resource: VISA resource.
        directory: Of the locks; `lock_directory` unless told.

    A context manager; entering takes the lease.
    """

    def __init__(self, resource: str, directory: Path | None = None) -> None:
        self._resource = resource
        self._directory = lock_directory() if directory is None else directory
        self._name = instrument_name(resource)
        self._lock = FileLock(self._directory / f"{self._name}.lock", mode=_EVERYBODY)

    @property
    def guardian_lock(self) -> Path:
        """The lock that the owner's guardian holds for as long as it lives."""
        return self._directory / f"{self._name}.guardian.lock"

    @property
    def guardian_log(self) -> Path:
        """Where guardians tell what they did when an owner had gone."""
        return self._directory / f"{self._name}.guardian.log"

    def acquire(self, timeout: float) -> None:
        """Take the lease, waiting at most `timeout` s.

        Raises:
            StationBusyError: Somebody else holds it.
        """
        make_for_everybody(self._directory)
        try:
            self._lock.acquire(timeout=timeout)
        except Timeout as error:
            raise StationBusyError(
                f"{self._resource} is leased by {self._owner()} (waited {timeout:g} s): "
                "wait for it to end, or end it"
            ) from error
        with suppress(OSError):  # for messages only
            self._owner_file.unlink(missing_ok=True)
            self._owner_file.write_text(f"process {os.getpid()}", "utf-8")

    def release(self) -> None:
        """Give the lease back; twice does no harm."""
        if self._lock.is_locked:
            with suppress(OSError):
                self._owner_file.unlink(missing_ok=True)
        self._lock.release()

    def __enter__(self) -> Self:
        self.acquire(timeout=0.0)
        return self

    def __exit__(self, *exception: object) -> None:
        self.release()

    @property
    def _owner_file(self) -> Path:
        return self._directory / f"{self._name}.owner"

    def _owner(self) -> str:
        try:
            return self._owner_file.read_text("utf-8")
        except OSError:
            return "somebody else"


def make_for_everybody(directory: Path) -> None:
    """Make a folder in which every user may make files, unless it is there."""
    try:
        directory.mkdir(parents=True)
    except FileExistsError:
        return
    directory.chmod(0o777)
