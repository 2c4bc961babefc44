"""The bench's options on pytest's command line, and what they ask for."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest
from _pytest.mark.expression import Expression

from bench.device.firmware_build import Builder, find_builder
from bench.errors import BenchError
from bench.report.files import load_report, report_file
from bench.run.gate import GateOptions, load_past_reports
from bench.run.own import OwnModel, load_own
from bench.run.selection import Mode, Selection, select
from bench.station.configuration import load_station
from bench.verdict.limits import load_limits
from models import networks_file
from models.catalog import BASE, NETWORKS, Network, Technique, Variant
from models.errors import ModelsError
from models.paths import cache_root

MODES: tuple[Mode, ...] = ("sim", "hw")
MOST_POWER_CYCLES = 1000
"""Of a variant: more than a day's work for a bench."""
LARGEST_BATTERY = 1e6
"""In mAh: that of a house."""


def add_options(parser: pytest.Parser) -> None:
    """Add the bench's options, in a group of their own."""
    group = parser.getgroup("bench", "bench: fit, accuracy and energy of networks on a device")
    add = group.addoption
    add("--station", metavar="FILE", help="station file of the real bench that -m hw runs on")
    add("--networks", metavar="NAMES", help="only these, such as C_1,CL_*; else all 14")
    add("--techniques", metavar="NAMES", help="only these, such as L,F; else L,D,F,base")
    add("--networks-file", metavar="FILE", help="TOML file with networks of your own")
    add("--model", metavar="FILE", help="run this .tflite file instead of the networks")
    add("--golden", metavar="FILE", help=".npz file with inputs and outputs of --model")
    add("--dataset", metavar="PATH",
        help="UCI-HAR as zip or folder, or: surrogate; else HAR_DATASET or download")  # fmt: skip
    add("--fold", type=int, default=0, metavar="K", help="fold of test subjects, 0 to 3; 0")
    add("--model-seed", type=int, default=0, metavar="N", help="seed of the training; 0")
    add("--lab-seed", type=int, default=1, metavar="N",
        help="seed of the simulated lab: of its parts' errors; 1")  # fmt: skip
    add("--window", choices=("default", "paper"), default="default",
        help="default: 0.5 s and at least ten inferences; paper: its ten")  # fmt: skip
    add("--profile", choices=("bench", "paper"), default="bench",
        help="bench: the model in a partition of its own; paper: in the application")  # fmt: skip
    add("--build", action="store_true", help="build each variant for --profile paper with ESP-IDF")
    add("--limits", metavar="FILE", help="limits file; limits/<data set>.toml")
    add("--power-cycles", type=int, metavar="N", help="of each variant; 3 in sim, 6 in hw")
    add("--reference", metavar="VARIANT",
        help="measured before each network, such as C_1-L, so that drift cancels")  # fmt: skip
    add("--baseline", metavar="PATH",
        help="report to compare with, or folder with <data set>.json; else no gate")  # fmt: skip
    add("--gate", choices=("normal", "strict"), default="normal",
        help="normal; strict: what cannot be told from worse fails too")  # fmt: skip
    add("--history", metavar="DIR", help="past reports, for the gate's spread between sessions")
    add("--battery", type=float, default=1000.0, metavar="MAH",
        help="capacity of a lithium cell (3.7 V) behind a linear regulator; 1000")  # fmt: skip
    add("--report", metavar="DIR", help="write HTML, JUnit, JSON, CSV and traces into this folder")


def is_wanted(expression: str, mark: str) -> bool:
    """Whether ``-m EXPRESSION`` lets a test pass that has just this mark."""
    if not expression:
        return True
    try:
        return Expression.compile(expression).evaluate(lambda name, /, **_: name == mark)
    except SyntaxError:  # pytest says so itself when it selects tests
        return False


@dataclass(frozen=True)
class Asked:
    """What a command line asks for; every file that it names but the data set has been read.

    Attributes:
        selection: What is to be run.
        modes: The modes that tests are made for.
        own: The user's own model, or None.
        builder: Builds the firmware around each variant, or None where that was not asked for.
        reference: Measured before each network, or None.
        gate: What to compare with, or None.
    """

    selection: Selection
    modes: tuple[Mode, ...]
    own: OwnModel | None
    builder: Builder | None
    reference: Variant | None
    gate: GateOptions | None

    @classmethod
    def of(cls, option: Any) -> Self:
        """Read pytest's options.

        Raises:
            BenchError: They do not make sense, or a file that they name does not.
        """
        _check_numbers(option)
        own = _own(option.model, option.golden)
        known = _known_networks(option.networks_file)
        reference = _reference(option.reference, known)
        selection = select(
            known, option.networks, option.techniques, own.name if own is not None else None
        )
        if option.limits:
            _check_limits(Path(option.limits), known)
        if option.station:
            load_station(Path(option.station))  # says now what is wrong with it, and only once
        return cls(
            selection,
            _modes(option),
            own,
            _builder(option.profile, build=option.build),
            reference,
            _gate_options(option.baseline, option.gate == "strict", option.history),
        )

    @property
    def networks(self) -> dict[str, Network]:
        """All that may be measured, by name."""
        named = {network.name: network for network in self.selection.networks}
        if self.reference is not None:
            named[self.reference.network.name] = self.reference.network
        return named


def _check_numbers(option: Any) -> None:
    if option.model_seed not in range(2**32):
        raise BenchError(f"--model-seed: {option.model_seed} is not in 0 to {2**32 - 1}")
    if option.power_cycles is not None and not 1 <= option.power_cycles <= MOST_POWER_CYCLES:
        raise BenchError(
            f"--power-cycles: {option.power_cycles}; wanted at least one, at most "
            f"{MOST_POWER_CYCLES}"
        )
    if not 0.0 < option.battery <= LARGEST_BATTERY:
        raise BenchError(
            f"--battery: {option.battery:g} mAh; wanted a capacity above 0, at most "
            f"{LARGEST_BATTERY:g}"
        )


def _modes(option: Any) -> tuple[Mode, ...]:
    wanted = tuple(mode for mode in MODES if is_wanted(option.markexpr, mode))
    # Without a station there is no hardware to run on, unless somebody asks for it by name.
    return tuple(m for m in wanted if m == "sim" or option.station or "hw" in option.markexpr)


def _known_networks(file: str | None) -> Mapping[str, Network]:
    if not file:
        return NETWORKS
    try:
        return {**NETWORKS, **networks_file.load_networks(Path(file))}
    except ModelsError as error:
        raise BenchError(str(error)) from error


def _check_limits(path: Path, known: Mapping[str, Network]) -> None:
    """Tell now what is wrong with a limits file; above all of limits that would never apply."""
    columns = (BASE, *Technique)
    idle = load_limits(path).idle([f"{name}-{column}" for name in known for column in columns])
    if idle:
        raise BenchError(
            f"limits file {path}: {idle[0]!r} names no variant: there are {columns[0]}, "
            f"{', '.join(columns[1:])} of {', '.join(known)}; networks of your own come with "
            "--networks-file"
        )


def _builder(profile: str, *, build: bool) -> Builder | None:
    if not build:
        return None
    if profile != "paper":
        raise BenchError("--build goes with --profile paper: the bench's layout needs no build")
    return find_builder(cache_root())


def _own(model: str | None, golden: str | None) -> OwnModel | None:
    if model is None and golden is None:
        return None
    if model is None or golden is None:
        raise BenchError("--model and --golden go together: give both files")
    return load_own(Path(model), Path(golden))


def _reference(name: str | None, known: Mapping[str, Network]) -> Variant | None:
    if name is None:
        return None
    network, _, technique = name.rpartition("-")
    if network not in known or technique not in list(Technique):
        raise BenchError(f"--reference: {name!r} is no variant: give one such as C_1-L")
    return Variant(known[network], Technique(technique))


def _gate_options(baseline: str | None, strict: bool, history: str | None) -> GateOptions | None:
    """What to compare with; its files are read now, so that an error is told before the work."""
    if baseline is None:
        if strict or history is not None:
            raise BenchError("--gate strict and --history go with --baseline: name a report")
        return None
    path = Path(baseline)
    own = report_file(path)
    if own.exists() or not any(path.glob("*.json")):
        load_report(own)
    if history is not None:
        load_past_reports(Path(history))
    return GateOptions(path, strict, Path(history) if history else None)
