"""What stands in the project's Markdown: examples, other code, links."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = (README, ROOT / "firmware" / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
SHELL, PYTHON = "sh", "python"
LANGUAGES = (SHELL, PYTHON, "toml", "", "{toctree}", "{include}", "{eval-rst}")
"""Of fences: other names of a language would hide an example from its test."""
_MARK = re.compile(r"<!-- not run: (.+) -->\s*")


@dataclass(frozen=True)
class Example:
    """A fenced block of shell or Python.

    Attributes:
        line: Of the file, where the fence begins.
        why_not: Why it is not run, or None if it is.
    """

    line: int
    language: str
    text: str
    why_not: str | None


@cache
def tokens(page: Path) -> tuple[Token, ...]:
    """The page's blocks in order, and what is within them."""
    parsed = MarkdownIt("commonmark").parse(page.read_text(encoding="utf-8"))
    return tuple(inner for token in parsed for inner in (token, *(token.children or ())))


def examples(page: Path) -> list[Example]:
    """The page's examples in order."""
    found = []
    mark: str | None = None
    for token in tokens(page):
        if token.type == "html_block":
            match = _MARK.fullmatch(token.content)
            mark = match[1] if match else None
            continue
        if token.type == "fence" and token.info in (SHELL, PYTHON):
            assert token.map is not None
            found.append(Example(token.map[0] + 1, token.info, token.content, mark))
        mark = None
    return found


def code_blocks(page: Path) -> Iterator[str]:
    """What is in fences and indented blocks that show shell, or nothing particular."""
    for token in tokens(page):
        if token.type == "code_block" or (token.type == "fence" and token.info in (SHELL, "")):
            yield token.content


def inline_code(page: Path) -> Iterator[str]:
    """What stands between backquotes."""
    yield from (token.content for token in tokens(page) if token.type == "code_inline")


def links(page: Path) -> Iterator[str]:
    """Addresses of links and pictures."""
    for token in tokens(page):
        address = token.attrGet("href") or token.attrGet("src")
        if isinstance(address, str):
            yield address


def name_of(page: Path) -> str:
    """The page as tests name it."""
    return page.relative_to(ROOT).as_posix()
