"""A full disk, as far as a process can tell: its files stop growing at a size. POSIX only."""

import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock


@contextmanager
def full_disk(limit: int) -> Iterator[None]:
    """No file of this process, or of one that it starts, may grow beyond `limit` bytes.

    Nor is compiled code kept meanwhile: Python does not notice when a module's is cut short, and
    whoever imports the module after that gets the half of it, for ever.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with (
        mock.patch.object(sys, "dont_write_bytecode", True),
        mock.patch.dict(os.environ, PYTHONDONTWRITEBYTECODE="1"),
    ):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
