"""``python -m bench twin``: a simulated lab for anyone's programs."""

import signal
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

TWIN_STATION = Path(__file__).parents[2] / "stations" / "twin.toml"


def twin(
    seed: Annotated[
        int, typer.Option(metavar="N", help="Seed of the simulated lab: of its parts' errors.")
    ] = 1,
    pace: Annotated[
        str,
        typer.Option(
            metavar="virtual|wall",
            help="virtual: simulated time jumps; wall: it keeps to the clock.",
        ),
    ] = "virtual",
    station: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            show_default="stations/twin.toml",
            help="Station file whose calibration records the parts are drawn from.",
        ),
    ] = TWIN_STATION,
    fault: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="What is wrong in it (docs/faults.md); repeatable."),
    ] = None,
    sensor: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="What its sensor measures: an .npz file (docs/live.md). At rest without.",
        ),
    ] = None,
    while_stdin: Annotated[
        bool,
        typer.Option(
            "--while-stdin", help="End when standard input ends and the supply's output is off."
        ),
    ] = False,
) -> None:
    """Serve a simulated lab on loopback until interrupted.

    Prints one line of JSON: `visa` for PyVISA, `grpc` for nidaqmx, `serial` for pyserial and
    esptool (its plain path also works for any serial program). The card is `Dev1`: the supply's
    voltage on ai0, the shunt on ai1, the marker on ai2 and PFI0, all differential.

    Example: `python -m bench twin --pace wall > lab.json` (docs/other-programs.md goes on)
    """
    from bench.station.configuration import load_station
    from bench.twin.lab import Lab
    from bench.twin.sensor import AT_REST, Stream
    from bench.twin.world import Pace

    if pace not in ("virtual", "wall"):
        raise typer.BadParameter(f"{pace!r}, wanted virtual or wall", param_hint="--pace")
    done = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: done.set())
    checked: Pace = "wall" if pace == "wall" else "virtual"
    stream = AT_REST if sensor is None else Stream.load(sensor)
    with Lab(load_station(station), seed, checked, fault or (), stream) as lab:
        print(lab.addresses.json(), flush=True)
        if while_stdin:
            sys.stdin.read()
            lab.wait_until_off()
        else:
            done.wait()
