"""A report's folder belongs to one run at a time: a run begins by emptying it."""

import hashlib
from pathlib import Path

from filelock import FileLock, Timeout

from bench.errors import ReportError
from bench.station.lease import lock_directory, make_for_everybody


def lock_folder(path: Path) -> FileLock:
    """Keep other runs on this machine out of a folder until the lock is released.

    The lock's file is not in the folder, which holds a report and nothing else; the lock dies with
    its process.

    Raises:
        ReportError: Another run writes into the folder.
    """
    locks = lock_directory()
    make_for_everybody(locks)
    name = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:32]
    lock = FileLock(locks / f"report-{name}.lock", mode=0o666)
    try:
        lock.acquire(timeout=0.0)
    except Timeout as error:
        raise ReportError(
            f"--report {path}: another run is writing into this folder: wait for it to end, or "
            "name another folder"
        ) from error
    return lock
