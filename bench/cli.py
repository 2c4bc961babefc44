"""The bench's command line: ``python -m bench``."""

import signal
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from bench.errors import BenchError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The hardware-in-the-loop bench for compressed networks on a microcontroller. "
    "Measurements run under pytest: `pytest -m sim` on the simulated lab, "
    "`pytest -m hw --station FILE` on a real one.",
)
TWIN_STATION = Path(__file__).parents[1] / "stations" / "twin.toml"


@app.callback()
def _group() -> None:
    """Keep `twin` a subcommand while it is the only one."""


@app.command()
def twin(
    seed: Annotated[int, typer.Option(help="Serial number of all that is in the lab.")] = 1,
    pace: Annotated[
        str, typer.Option(help="virtual: simulated time jumps; wall: it keeps to the clock.")
    ] = "virtual",
    station: Annotated[
        Path, typer.Option(help="Station file whose accuracy the parts are drawn from.")
    ] = TWIN_STATION,
    fault: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="What is wrong in it (docs/faults.md); may be repeated."),
    ] = None,
    while_stdin: Annotated[
        bool, typer.Option(help="End when standard input ends and the supply's output is off.")
    ] = False,
) -> None:
    """Serve a simulated lab on loopback until interrupted.

    Prints one line of JSON: `visa` for PyVISA, `grpc` for nidaqmx, `serial` for pyserial and
    esptool (its plain path also works for any serial program). The card is `Dev1`: the supply's
    voltage on ai0, the shunt on ai1, the marker on ai2 and PFI0, all differential.
    """
    from bench.station.configuration import load_station
    from bench.twin.lab import Lab
    from bench.twin.world import Pace

    if pace not in ("virtual", "wall"):
        raise typer.BadParameter(f"{pace!r}, wanted virtual or wall", param_hint="--pace")
    done = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: done.set())
    checked: Pace = "wall" if pace == "wall" else "virtual"
    with Lab(load_station(station), seed, checked, fault or ()) as lab:
        print(lab.addresses.json(), flush=True)
        if while_stdin:
            sys.stdin.read()
            lab.wait_until_off()
        else:
            done.wait()


def main() -> None:
    """Run the command line; an error of the bench is one message and exit code 1."""
    try:
        app()
    except BenchError as error:
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(1) from error
