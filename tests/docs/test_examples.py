"""The pages' examples do what they say, and name nothing that is not there.

A block of shell or Python is run, all of a page's in one folder that looks like the repository,
unless the page says ``<!-- not run: why -->`` before it. Of blocks that are not run, and of those
in the README, every command must exist with the options that it is given.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import table_3
from tests.docs import commands, pages
from tests.docs.pages import PAGES, PYTHON, README, ROOT, Example

COPIED = ("bench", "models", "tests", "firmware", "limits", "stations")
READERS_OWN = {"stations/my-bench.toml"}
"""Files that a reader makes."""
ANY_OPTION = {"--option"}
"""Stands for one in a sentence about all."""
FILE = re.compile(
    r"(bench|benchmarks|docs|firmware|limits|models|stations|tests)/[\w./-]+\.[a-z0-9]+"
)
WORKFLOW = ROOT / "docs" / "examples" / "github-workflow.yml"
RUN = re.compile(r"^ *- (?:.*\n +)??run: (?:>-\n)?((?:.+\n)(?: {10}.+\n)*)", re.MULTILINE)

every_page = pytest.mark.parametrize("page", PAGES, ids=pages.name_of)


def run_here(page: Path) -> list[Example]:
    return [] if page == README else [e for e in pages.examples(page) if e.why_not is None]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy of what examples may use."""
    for name in COPIED:
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in ("conftest.py", "pytest.ini"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", [page for page in PAGES if run_here(page)], ids=pages.name_of)
def test_the_examples_run(page: Path, repository: Path) -> None:
    scripts = str(Path(sys.executable).parent)
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([scripts, os.environ["PATH"]]),
        "PYTHONPATH": str(repository),
        "HAR_DATASET": "surrogate",  # of what names no data set: nothing is downloaded
    }
    for number, example in enumerate(run_here(page)):
        if example.language == PYTHON:
            script = repository / f"example_{number}.py"
            script.write_text(example.text, encoding="utf-8")
            command = [sys.executable, script.name]
        else:
            command = ["bash", "-euo", "pipefail", "-c", example.text]
        # Into a file: of a pipe, whatever a block leaves running would hold the end open.
        output = repository / "output.txt"
        with output.open("w", encoding="utf-8") as file:
            done = subprocess.run(
                command,
                cwd=repository,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        told = f"{pages.name_of(page)}:{example.line}\n{output.read_text(encoding='utf-8')}"
        assert done.returncode == 0, told


@every_page
def test_what_is_not_run_exists(page: Path) -> None:
    shown = {
        *(
            tuple(words)
            for text in pages.code_blocks(page)
            for words in commands.own_commands(text)
        ),
        *(
            tuple(words)
            for example in pages.examples(page)
            if example.language != PYTHON
            for words in commands.commands(example.text)
        ),
    }
    faults = {" ".join(words): commands.fault(list(words)) for words in shown}
    assert {command: fault for command, fault in faults.items() if fault} == {}


@every_page
def test_options_that_are_named_exist(page: Path) -> None:
    named = {option for code in pages.inline_code(page) for option in commands.OPTION.findall(code)}
    assert named - commands.every_option() - ANY_OPTION == set()


@every_page
def test_every_fence_names_a_known_language(page: Path) -> None:
    fences = {token.info.partition(" ")[0] for token in pages.tokens(page) if token.type == "fence"}
    assert fences <= set(pages.LANGUAGES)


@every_page
def test_files_that_are_linked_or_named_exist(page: Path) -> None:
    linked = {address.partition("#")[0] for address in pages.links(page) if ":" not in address}
    missing = {address for address in linked if not (page.parent / address).exists()}
    named = {code for code in pages.inline_code(page) if FILE.fullmatch(code)} - READERS_OWN
    assert missing | {name for name in named if not (ROOT / name).exists()} == set()


def test_the_example_workflow_calls_what_exists() -> None:
    found = [" ".join(text.split()) for text in RUN.findall(WORKFLOW.read_text(encoding="utf-8"))]
    assert any(command.startswith("pytest -m hw") for command in found)
    assert [fault for text in found for words in commands.commands(text)
            if (fault := commands.fault(words))] == []  # fmt: skip


def test_the_page_of_table_3_is_the_one_that_its_command_prints() -> None:
    page = ROOT / "docs" / "table-3.md"
    assert page.read_text(encoding="utf-8") == table_3.page(), (
        "stale: python -m benchmarks.table_3 --to docs/table-3.md"
    )
