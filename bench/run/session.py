"""What a pytest session knows of the bench: its options, and the work that is under way."""

import math
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import pytest
from _pytest.mark.expression import Expression

from bench.device.firmware_build import Builder, find_builder
from bench.errors import BenchError
from bench.report.convert import calibration_records
from bench.report.files import RecordFolder, load_report, report_file
from bench.report.publish import append_step_summary, publish
from bench.report.record import GateRecord, Report, RunFacts
from bench.run.campaign import Campaign, Options
from bench.run.gate import GateOptions, load_history
from bench.run.own import OwnModel, load_own
from bench.run.places import TWIN_FILE
from bench.run.selection import Mode, Selection, select
from bench.run.terminal import Watched
from bench.station.configuration import load_station, station_text
from bench.verdict.limits import load_limits
from models import dataset, networks_file
from models.catalog import NETWORKS, Network, Technique, Variant
from models.errors import ModelsError
from models.paths import cache_root
from models.pipeline import Pipeline
from models.progress import Lines
from models.split import split
from models.store import Store

MODES: tuple[Mode, ...] = ("sim", "hw")


def add_options(parser: pytest.Parser) -> None:
    """Add the bench's options, in a group of their own."""
    group = parser.getgroup("bench", "bench: fit, accuracy and energy of networks on a device")
    add = group.addoption
    add("--station", metavar="FILE", help="station file of the real bench that -m hw runs on")
    add("--networks", metavar="NAMES", help="only these, such as C_1,CL_*")
    add("--techniques", metavar="NAMES", help="only these, such as L,F (L, D, F and base)")
    add("--networks-file", metavar="FILE", help="TOML file with networks of your own")
    add("--model", metavar="FILE", help="run this .tflite file instead of the networks")
    add("--golden", metavar="FILE", help=".npz file with inputs and outputs of --model")
    add("--dataset", metavar="PATH", help="UCI-HAR as zip or folder; or: surrogate")
    add("--fold", type=int, default=0, metavar="K", help="fold of test subjects, 0 to 3")
    add("--model-seed", type=int, default=0, metavar="N", help="seed of the training")
    add("--lab-seed", type=int, default=1, metavar="N", help="seed of the simulated lab")
    add("--window", choices=("default", "paper"), default="default",
        help="0.5 s and at least ten inferences, or the paper's ten")  # fmt: skip
    add("--profile", choices=("bench", "paper"), default="bench",
        help="the model in a partition of its own, or in the application")  # fmt: skip
    add("--build", action="store_true", help="build each variant for --profile paper with ESP-IDF")
    add("--limits", metavar="FILE", help="limits file; limits/<data set>.toml unless told")
    add("--power-cycles", type=int, metavar="N", help="of each variant; 3 in sim, 6 in hw")
    add("--reference", metavar="VARIANT",
        help="measured before each network, such as C_1-L, so that drift cancels")  # fmt: skip
    add("--baseline", metavar="PATH",
        help="report to compare with, or folder with <data set>.json; else no gate")  # fmt: skip
    add("--gate", choices=("normal", "strict"), default="normal",
        help="strict: what cannot be told from worse fails too")  # fmt: skip
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


@dataclass
class Session:
    """The bench in one pytest process.

    Attributes:
        config: Pytest's.
        selection: What is to be run.
        modes: The modes that tests are made for.
        folder: Where records go.
        report: The folder of the report, or None if none was asked for.
        worker: Whether this is a worker of pytest-xdist.
        own: The user's own model, or None.
        builder: Builds the firmware around each variant, or None where that was not asked for.
        reference: Measured before each network, or None.
        gate_options: What to compare with, or None.
        watched: What a person sees while tests run, or None where nobody watches.
        result: The report, once the run is over.
    """

    config: pytest.Config
    selection: Selection
    modes: tuple[Mode, ...]
    folder: RecordFolder
    report: Path | None
    worker: bool
    own: OwnModel | None
    builder: Builder | None
    reference: Variant | None
    gate_options: GateOptions | None
    watched: Watched | None = None
    result: Report | None = None
    _campaigns: dict[Mode, Campaign] = field(default_factory=dict)
    _pipeline: Pipeline | None = None
    _gate: GateRecord | None = None

    @classmethod
    def of(cls, config: pytest.Config) -> "Session":
        """Read the options.

        Raises:
            BenchError: They do not make sense, or a file that they name does not.
        """
        option = config.option
        if option.model_seed not in range(2**32):
            raise BenchError(f"--model-seed: {option.model_seed} is not in 0 to {2**32 - 1}")
        own = _own(option.model, option.golden)
        known = dict(NETWORKS)
        if option.networks_file:
            try:
                known |= networks_file.load_networks(Path(option.networks_file))
            except ModelsError as error:
                raise BenchError(str(error)) from error
        reference = _reference(option.reference, known)
        if option.power_cycles is not None and option.power_cycles < 1:
            raise BenchError(f"--power-cycles: {option.power_cycles}; wanted at least one")
        if not 0.0 < option.battery < math.inf:
            raise BenchError(f"--battery: {option.battery:g} mAh; wanted a capacity above 0")
        selection = select(
            known, option.networks, option.techniques, own.name if own is not None else None
        )
        if option.limits:
            load_limits(Path(option.limits))  # says now what is wrong with it
        builder = _builder(option.profile, build=option.build)
        gate = _gate_options(option.baseline, option.gate == "strict", option.history)
        report = Path(option.report).absolute() if option.report else None
        given = getattr(config, "workerinput", {}).get("report")
        folder = RecordFolder(Path(given or report or tempfile.mkdtemp(prefix="har-run-")))
        wanted = tuple(mode for mode in MODES if is_wanted(option.markexpr, mode))
        # Without a station there is no hardware to run on, unless somebody asks for it by name.
        modes = tuple(m for m in wanted if m == "sim" or option.station or "hw" in option.markexpr)
        worker = given is not None
        watched = None if worker else Watched.start(config)
        session = cls(
            config, selection, modes, folder, report, worker, own, builder, reference, gate, watched
        )
        if not session.worker:
            folder.begin()
        return session

    def header(self) -> list[str]:
        """Data set, split and station, if tests of variants may run.

        Raises:
            pytest.UsageError: The data set that was named cannot be used.
        """
        if not self.modes or self.own is not None:
            return []
        pipeline = self._usable_pipeline()
        return [
            pipeline.dataset.describe(),
            f"{pipeline.split.describe()}; seed {pipeline.seed}",
            f"station: {self._station_line()}",
        ]

    def _usable_pipeline(self) -> Pipeline:
        try:
            return self.pipeline()
        except ModelsError as error:
            raise pytest.UsageError(str(error)) from error

    def for_workers(self) -> dict[str, str]:
        """What workers of pytest-xdist are told: the folder, and whether the surrogate stands in.

        Each would otherwise look for the data on its own, and some might find what others do not.
        With ``-q`` there was no header, and the data set is opened only here.

        Raises:
            pytest.UsageError: The data set that was named cannot be used.
        """
        opens = self.modes and self.own is None
        stands_in = opens and self._usable_pipeline().dataset.name == dataset.SURROGATE
        return {"report": str(self.folder.path), "dataset": dataset.SURROGATE if stands_in else ""}

    def require_station(self) -> None:
        """Refuse to run on hardware that was not named, or by more workers than stations.

        Raises:
            pytest.UsageError: With what to do.
        """
        if not self.config.option.station:
            raise pytest.UsageError("-m hw needs --station FILE (see stations/)")
        workers = getattr(self.config.option, "numprocesses", None) or 0
        if workers > 1:
            raise pytest.UsageError(
                f"-m hw with {workers} workers and one station: use -n 1, or leave -n out"
            )

    def pipeline(self) -> Pipeline:
        """The models' side, opened once."""
        if self._pipeline is None:
            option = self.config.option
            named = getattr(self.config, "workerinput", {}).get("dataset") or option.dataset
            path = Path(named) if named else None
            progress = self.watched.progress if self.watched is not None else Lines()
            self._pipeline = Pipeline(
                dataset.load(path, progress=progress.say),
                split(option.fold),
                store=Store(cache_root(), progress.say),
                seed=option.model_seed,
                progress=progress,
            )
        return self._pipeline

    def campaign(self, mode: Mode) -> Campaign:
        """The work in a mode."""
        if mode not in self._campaigns:
            option = self.config.option
            known = {network.name: network for network in self.selection.networks}
            if self.reference is not None:
                known[self.reference.network.name] = self.reference.network
            options = Options(
                mode=mode,
                networks=known,
                station=Path(option.station) if mode == "hw" else None,
                lab_seed=option.lab_seed,
                window=option.window,
                limits=Path(option.limits) if option.limits else None,
                own=self.own,
                profile=option.profile,
                builder=self.builder,
                power_cycles=option.power_cycles,
                reference=self.reference,
                battery=3.6 * option.battery,
            )
            try:
                facts = self._facts(mode)
            except ModelsError as error:  # with -q no header has found it out before
                pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)
            self._campaigns[mode] = Campaign(options, self.pipeline, self.folder)
            self.folder.write_run(facts)
        return self._campaigns[mode]

    def calibrated(self, mode: Mode) -> str:
        """``yes``, or why results in a mode are not calibrated."""
        records = load_station(self._station_path(mode)).calibration
        reasons = records.shortcomings(datetime.now(UTC).date())
        return f"no: {'; '.join(reasons)}" if reasons else "yes"

    def gate(self, mode: Mode) -> GateRecord | None:
        """This run against its baseline, compared once; None if there is none."""
        if self.gate_options is None:
            return None
        if self._gate is None:
            campaign = self.campaign(mode)
            report = self.folder.collect()
            assert report is not None
            limits = campaign.limits.gate if self.own is None else None
            self._gate = self.gate_options.compare(report, limits)
            self.folder.write_gate(self._gate)
        return self._gate

    def finish(self) -> None:
        """Close what is open; put the report together if this process started the run."""
        for campaign in self._campaigns.values():
            campaign.close()
        self._campaigns.clear()
        if not self.worker:
            self.result = self.folder.assemble()
            self._publish()

    def _publish(self) -> None:
        if self.result is None:
            return
        if self.report is not None:
            publish(self.result, self.folder.path)
        append_step_summary(self.result)

    def clean_up(self) -> None:
        """Leave the terminal alone; remove the folder of a run without a report."""
        if self.watched is not None:
            self.watched.close()
        if not self.worker and self.report is None:
            shutil.rmtree(self.folder.path, ignore_errors=True)

    def _station_line(self) -> str:
        station = self.config.option.station
        return f"{station} (hardware)" if station else "twin, the simulated lab"

    def _station_path(self, mode: Mode) -> Path:
        return Path(self.config.option.station) if mode == "hw" else TWIN_FILE

    def _facts(self, mode: Mode) -> RunFacts:
        option = self.config.option
        path = self._station_path(mode)
        station, started = load_station(path), datetime.now(UTC)
        shortcomings = station.calibration.shortcomings(started.date())
        facts = {
            "mode": mode,
            "station": station.name,
            "station_description": station.description,
            "seed": option.model_seed,
            "profile": self._profile(),
            "window": option.window,
            "calibrated": not shortcomings,
            "uncalibrated": shortcomings,
            "calibration": calibration_records(station.calibration),
            "station_file": station_text(path),
            "started": started.isoformat(timespec="seconds"),
            "versions": _versions(),
        }
        return RunFacts.model_validate(facts | self._data_facts())

    def _profile(self) -> str:
        """The device's layout and, of the paper's, where the application's size is from."""
        if self.config.option.profile == "bench":
            return "bench"
        return "paper (inferred)" if self.builder is None else "paper (built)"

    def _data_facts(self) -> dict[str, object]:
        if self.own is not None:
            none = dict.fromkeys(("dataset", "dataset_digest", "dataset_origin", "split"), "none")
            return {**none, "surrogate": False, "fold": 0, "limits": "none"}
        pipeline = self.pipeline()
        data = pipeline.dataset
        limits = self.config.option.limits or f"limits/{data.name}.toml"
        return {
            "dataset": data.name,
            "dataset_digest": data.digest,
            "dataset_origin": data.origin,
            "surrogate": data.name == dataset.SURROGATE,
            "fold": pipeline.split.fold,
            "split": pipeline.split.describe(),
            "limits": limits,
        }


_PACKAGES = (
    "har-energy-bench", "tensorflow", "keras", "ai-edge-litert", "tflite-micro", "numpy",
    "esptool", "nidaqmx", "pyvisa", "pyvisa-py", "pyserial", "GTC",
)  # fmt: skip


def _versions() -> dict[str, str]:
    found = {"python": sys.version.split()[0]}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


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
        load_history(Path(history))
    return GateOptions(path, strict, Path(history) if history else None)
