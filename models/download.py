"""Fetches the published UCI-HAR archive."""

import http.client
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from models.errors import DatasetError

_SILENCE_SECONDS = 8.0
"""Longest wait for a connection or for more data; short, because the surrogate can stand in."""
_CHUNK_BYTES = 1 << 20
_NOTICE_BYTES = 10_000_000


def download(url: str, to: Path, progress: Callable[[str], None]) -> None:
    """Write what ``url`` serves to the file ``to``, which is incomplete after an error.

    Args:
        url: An http or https address.
        to: The file to write.
        progress: Told at the beginning and every ten megabytes.

    Raises:
        DatasetError: The server cannot be reached, refuses, falls silent or breaks off.
        OSError: The file cannot be written.
    """
    progress(f"downloading {url}")
    done = 0
    with to.open("wb") as file:
        for chunk in _chunks(url):
            file.write(chunk)
            before, done = done, done + len(chunk)
            if done // _NOTICE_BYTES > before // _NOTICE_BYTES:
                progress(f"downloaded {done / 1e6:.0f} MB")


def _chunks(url: str) -> Iterator[bytes]:
    try:
        # Only this project's own constant, or a test's loopback address, ever comes here.
        with urllib.request.urlopen(url, timeout=_SILENCE_SECONDS) as response:  # noqa: S310
            length = response.headers.get("Content-Length")
            seen = 0
            while chunk := response.read(_CHUNK_BYTES):
                seen += len(chunk)
                yield chunk
    except (OSError, http.client.HTTPException) as error:
        raise DatasetError(f"{url}: cannot be downloaded ({error})") from error
    if length is not None and seen != int(length):
        raise DatasetError(f"{url}: broke off after {seen:,} of {int(length):,} bytes")
