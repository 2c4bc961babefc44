"""``python -m bench doctor``: is the station what its file says, and do its parts agree?"""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from bench.commands.terminal import console
from bench.errors import BenchError
from bench.report.record import CheckRecord

STYLES = {"ok": "green", "failed": "bold red", "not possible": "yellow"}


def doctor(
    station: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Station file; a simulated lab without.")
    ] = None,
    lab_seed: Annotated[
        int, typer.Option(metavar="N", help="Seed of the simulated lab: of its parts' errors.")
    ] = 1,
    fault: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="What is wrong in it (docs/faults.md); repeatable."),
    ] = None,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the checks here.")
    ] = None,
) -> None:
    """Check a station: instruments, wiring, device, and whether they agree with each other.

    Writes a tiny network into the device's model partition to look at a window. The supply's
    output is off afterwards. Exit code 0 if every check is ok, 1 if one failed or was not possible.

    Examples: `python -m bench doctor --station=stations/my-bench.toml`, and to see what a fault
    looks like, `python -m bench doctor --fault shunt-drift`
    """
    from bench.device.deployability import BENCH
    from bench.device.images import MODEL_PARTITION_OFFSET
    from bench.report.convert import check_records
    from bench.report.files import write_checks
    from bench.run.doctor import THOROUGH_SECONDS
    from bench.run.measure import Workbench
    from bench.run.places import real_place, twin_place
    from bench.run.subject import Settings

    if station is not None and fault:
        raise BenchError("--fault is for the simulated lab: leave --station out")
    with ExitStack() as stack:
        if station is None:
            _check_names(fault or ())
            place = stack.enter_context(twin_place(lab_seed, fault or ()))
        else:
            place = real_place(station)
        traces = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="har-doctor-")))
        settings = Settings(BENCH, MODEL_PARTITION_OFFSET, traces, attempts=1)
        bench = stack.enter_context(
            Workbench(place.station, settings, place.firmware, place.esptool_environment)
        )
        (checks,) = bench.examine(THOROUGH_SECONDS)
    records = check_records([checks])
    _show(place.station.name, records)
    if json is not None:
        write_checks(json, records)
    raise typer.Exit(0 if all(record.verdict == "ok" for record in records) else 1)


def _check_names(faults: Sequence[str]) -> None:
    """Say which faults there are before a lab is started with one that there is not."""
    from bench.run.places import TWIN_FILE
    from bench.station.configuration import load_station
    from bench.twin.equipment import sound_equipment
    from bench.twin.faults import with_faults

    with_faults(sound_equipment(load_station(TWIN_FILE), seed=1), faults)


def _show(station: str, records: Sequence[CheckRecord]) -> None:
    """The table, and beneath it what is wrong and what to do."""
    terminal = console()
    table = Table(title=f"station {station}", title_justify="left", box=None, pad_edge=False)
    for column in ("check", "figure", "limit", "margin", "verdict", "seen"):
        number = column in ("figure", "limit", "margin")
        table.add_column(column, justify="right" if number else "left", no_wrap=column != "seen")
    for record in records:
        numbers = (_number(value, record) for value in (record.figure, record.limit, record.margin))
        verdict = Text(record.verdict, style=STYLES[record.verdict])
        table.add_row(record.name, *numbers, verdict, Text(record.note))
    terminal.print(table)
    for record in records:
        if record.error is not None:
            terminal.print(Text(f"\n{record.name}: {record.error}", style=STYLES["failed"]))


def _number(value: float | None, record: CheckRecord) -> str:
    """A figure as people read it, on the scale of its limit."""
    if value is None or record.limit is None:
        return ""
    scale, unit = _scale(record.limit, record.unit)
    return f"{value * scale:,.4g} {unit}".rstrip()


def _scale(limit: float, unit: str) -> tuple[float, str]:
    if unit == "1":
        return (1e6, "ppm") if limit < 0.01 else (1.0, "")
    for power, prefix in ((0, ""), (3, "m"), (6, "u")):
        if limit * 10.0**power >= 0.1:
            return 10.0**power, f"{prefix}{unit}"
    return 1e9, f"n{unit}"
