"""Where this project keeps what it can make again."""

import os
from pathlib import Path

import platformdirs

APPLICATION = "har-energy-bench"


def cache_root() -> Path:
    """The folder of all caches: ``HAR_CACHE`` where it is set, else the user's cache folder.

    The folder need not exist.
    """
    named = os.environ.get("HAR_CACHE")
    if named:
        return Path(named).expanduser().absolute()
    return Path(platformdirs.user_cache_dir(APPLICATION, appauthor=False))
