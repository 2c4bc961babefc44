"""Commands that pages show, and whether they exist with the options that they are given."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache

import typer.core
import typer.main

from bench.cli import app as bench_app
from models.cli import app as models_app
from tests.docs.pages import ROOT

OPTION = re.compile(r"(?<![\w-])--[a-zA-Z][\w-]*")
_ASSIGNMENT = re.compile(r"[A-Z_]+=.*")
_HEREDOC = re.compile(r"<<\s*'?(\w+)'?.*?\n\1$", re.DOTALL | re.MULTILINE)
_OPTIONAL = re.compile(r"[\[\]]")
_OURS = ("make", "pytest", "python", "tox")
_OTHER_MODULES = ("esptool",)
"""Not the project's own to check."""


def commands(text: str) -> Iterator[list[str]]:
    """The words of each command line in `text`."""
    joined = _HEREDOC.sub("", text).replace("\\\n", " ")
    for line in joined.splitlines():
        words = shlex.split(line, comments=True)
        while words and _ASSIGNMENT.fullmatch(words[0]):
            words.pop(0)
        if words:
            yield words


def own_commands(text: str) -> Iterator[list[str]]:
    """Those of the project, in `text` that may also be anything else."""
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith(tuple(f"{name} " for name in _OURS)):
            yield from commands(_OPTIONAL.sub(" ", line))


def fault(words: list[str]) -> str | None:
    """What is wrong with a command, or None."""
    match words:
        case ["make", *targets]:
            names = {target for target in targets if "=" not in target}
            return _missing("target of make", names, make_targets())
        case ["tox", "-e", environment, *_]:
            return _missing("environment of tox", {environment}, tox_environments())
        case ["pytest", *arguments] | ["python", "-m", "pytest", *arguments]:
            return _missing("option of pytest", _options(arguments), pytest_options())
        case ["python", "-m", ("bench" | "models") as package, name, *arguments]:
            found = subcommands(package)
            if name not in found:
                return f"{package} has no command {name}"
            return _missing(f"option of {package} {name}", _options(arguments), found[name])
        case ["python", "-m", module, *arguments] if module not in _OTHER_MODULES:
            return _missing(f"option of {module}", _options(arguments), module_options(module))
    return None  # a shell's own word, or somebody else's program


def _missing(what: str, wanted: set[str], there: frozenset[str]) -> str | None:
    missing = wanted - there
    return f"no {what}: {', '.join(sorted(missing))}" if missing else None


def _options(arguments: list[str]) -> set[str]:
    if "--" in arguments:
        arguments = arguments[: arguments.index("--")]
    return {argument.partition("=")[0] for argument in arguments if OPTION.match(argument)}


@cache
def pytest_options() -> frozenset[str]:
    """What ``pytest --help`` names here."""
    told = subprocess.run(
        [sys.executable, "-m", "pytest", "--help"],
        cwd=ROOT, check=True, capture_output=True, encoding="utf-8",
    )  # fmt: skip
    return frozenset(OPTION.findall(told.stdout))


@cache
def subcommands(package: str) -> dict[str, frozenset[str]]:
    """The options of each subcommand of ``python -m bench`` or ``python -m models``."""
    group = typer.main.get_command({"bench": bench_app, "models": models_app}[package])
    assert isinstance(group, typer.core.TyperGroup)
    return {
        name: frozenset(
            option
            for parameter in command.params
            for option in (*parameter.opts, *parameter.secondary_opts)
        )
        for name, command in group.commands.items()
    }


def module_options(module: str) -> frozenset[str]:
    """The options that a module of `benchmarks` or `tests` adds to its parser."""
    path = ROOT.joinpath(*module.split("."))
    for file in (path.with_suffix(".py"), path / "__main__.py"):
        if file.is_file():
            return frozenset(OPTION.findall(file.read_text(encoding="utf-8")))
    raise AssertionError(f"python -m {module}: there is no such module")


def make_targets() -> frozenset[str]:
    """The targets that the Makefile has."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    rules = re.findall(r"^([a-z ]+):", text, re.MULTILINE)
    return frozenset(name for names in rules for name in names.split())


def tox_environments() -> frozenset[str]:
    """The environments that tox has."""
    text = (ROOT / "tox.ini").read_text(encoding="utf-8")
    return frozenset(re.findall(r"^\[testenv:(\w+)\]", text, re.MULTILINE))


def every_option() -> frozenset[str]:
    """All options of the project's commands."""
    own = (options for package in ("bench", "models") for options in subcommands(package).values())
    parts = [path.stem for path in (ROOT / "benchmarks").glob("[a-z]*.py")]
    modules = (module_options(f"benchmarks.{part}") for part in parts)
    return pytest_options().union(*own, *modules)
