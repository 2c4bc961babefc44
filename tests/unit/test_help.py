"""What a command line teaches: an example for each command, and no place of this machine."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import bench.cli
import models.cli

ROOT = Path(__file__).parents[2]
COMMANDS = [
    pytest.param(program.app, name, id=f"{program.__name__}-{name}")
    for program in (bench.cli, models.cli)
    for name in typer.main.get_group(program.app).commands
]


@pytest.mark.parametrize(("app", "name"), COMMANDS)
def test_each_command_shows_how_it_is_called(app: typer.Typer, name: str) -> None:
    shown = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "400"})
    package = "models" if app is models.cli.app else "bench"
    assert f"python -m {package} {name}" in shown.output.partition("Example")[2]
    assert str(ROOT) not in shown.output


def test_every_option_of_pytest_tells_its_default(pytestconfig: pytest.Config) -> None:
    group = pytestconfig._parser.getgroup("bench")
    for option in group.options:
        default, told = option.default, option.attrs()["help"]
        if default is None or default is False:
            continue
        number = isinstance(default, int | float)
        assert told.endswith(f"; {default:g}") if number else default in told, option.names()
