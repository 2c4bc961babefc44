"""Where tables are printed."""

from rich.console import Console

PLAIN_WIDTH = 160
"""Columns where there is no terminal to ask, as in a log."""


def console() -> Console:
    """Standard output; no colours and a fixed width where it is no terminal."""
    found = Console(highlight=False)
    if found.is_terminal:
        return found
    return Console(highlight=False, width=PLAIN_WIDTH, color_system=None)
