"""The bench's command line: ``python -m bench``."""

import typer

from bench.commands.baseline import baseline
from bench.commands.compare import compare
from bench.commands.doctor import doctor
from bench.commands.limits import limits
from bench.commands.reanalyse import reanalyse
from bench.commands.report import report
from bench.commands.twin import twin
from bench.errors import BenchError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="""The hardware-in-the-loop bench for compressed networks on a microcontroller.

Measurements run under pytest: `pytest -m sim` on the simulated lab, `pytest -m hw --station=FILE`
on a real one (`pytest --help`, group *bench*). The commands here are for what comes before and
after.

- `python -m bench doctor` checks a simulated lab, or with `--station` your own
- `python -m bench compare main/report.json change/report.json` tells what became worse
- `python -m bench report reports/sim` makes the page of a run again
""",
)


app.command()(doctor)
app.command()(reanalyse)
app.command()(baseline)
app.command()(compare)
app.command()(limits)
app.command()(twin)
app.command()(report)


def main() -> None:
    """Run the command line; an error of the bench is one message and exit code 1."""
    try:
        app()
    except BenchError as error:
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(1) from error
