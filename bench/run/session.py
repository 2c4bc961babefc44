"""The work of the bench that is under way in a pytest session."""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from bench.errors import BenchError
from bench.report.files import RecordFolder
from bench.report.publish import append_step_summary, publish
from bench.report.record import GateRecord, Report
from bench.run.campaign import Campaign
from bench.run.command_line import Asked
from bench.run.facts import run_facts
from bench.run.folder_lock import lock_folder
from bench.run.models_side import ModelsSide
from bench.run.options import Options
from bench.run.places import TWIN_FILE
from bench.run.selection import Mode
from bench.run.terminal import Sender, Watched
from bench.station.configuration import load_station
from models import dataset
from models.errors import ModelsError
from models.paths import cache_root
from models.pipeline import Pipeline
from models.progress import Lines, Progress
from models.split import split
from models.store import Store


@dataclass
class Session:
    """The bench in one pytest process.

    Attributes:
        config: Pytest's.
        asked: What the command line asks for.
        folder: Where records go.
        report: The folder of the report; None if none was asked for, or no test is to be run.
        worker: Whether this is a worker of pytest-xdist.
        watched: What a person sees while tests run; None in a worker or where nobody watches.
        progress: Where the models' side's news go.
        result: The report, once the run is over.
        troubles: What went wrong when the bench was closed, above all a supply that nobody could
            switch off; workers hand theirs to the process that started the run.
    """

    config: pytest.Config
    asked: Asked
    folder: RecordFolder
    report: Path | None
    worker: bool
    watched: Watched | None = None
    progress: Progress = field(default_factory=Lines)
    result: Report | None = None
    troubles: list[str] = field(default_factory=list)
    _campaigns: dict[Mode, Campaign] = field(default_factory=dict)
    _pipeline: Pipeline | None = None
    _gate: GateRecord | None = None
    _lock: FileLock | None = None

    @classmethod
    def of(cls, config: pytest.Config) -> "Session":
        """Read the options and begin the folder.

        Raises:
            BenchError: They do not make sense, or a file that they name does not.
        """
        asked = Asked.of(config.option)
        named = config.option.report if _runs_tests(config.option) else None
        report = Path(named).absolute() if named else None
        told = getattr(config, "workerinput", {})
        given = told.get("report")
        folder = RecordFolder(Path(given or report or tempfile.mkdtemp(prefix="har-run-")))
        worker = given is not None
        lock = None if worker or report is None else lock_folder(report)
        watched = None if worker else Watched.start(config)
        if not worker:
            folder.begin()
        progress = _progress(watched, told)
        return cls(config, asked, folder, report, worker, watched, progress, _lock=lock)

    def header(self) -> list[str]:
        """Data set, split and station, if tests of variants may run.

        Raises:
            pytest.UsageError: The data set that was named cannot be used.
        """
        if not self.asked.modes or self.asked.own is not None:
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
        opens = self.asked.modes and self.asked.own is None
        stands_in = opens and self._usable_pipeline().dataset.name == dataset.SURROGATE
        return {"report": str(self.folder.path), "dataset": dataset.SURROGATE if stands_in else ""}

    def require_station(self) -> None:
        """Refuse to run on hardware that was not named, or by more workers than stations.

        Raises:
            pytest.UsageError: With what to do.
        """
        if not self.config.option.station:
            raise pytest.UsageError("-m hw needs --station=FILE (see stations/)")
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
            self._pipeline = Pipeline(
                dataset.load(path, progress=self.progress.say),
                split(option.fold),
                store=Store(cache_root(), self.progress.say),
                seed=option.model_seed,
                progress=self.progress,
            )
        return self._pipeline

    def campaign(self, mode: Mode) -> Campaign:
        """The work in a mode."""
        if mode not in self._campaigns:
            self._campaigns[mode] = self._new_campaign(mode)
        return self._campaigns[mode]

    def _new_campaign(self, mode: Mode) -> Campaign:
        option, asked = self.config.option, self.asked
        options = Options(
            mode=mode,
            networks=asked.networks,
            station=Path(option.station) if mode == "hw" else None,
            lab_seed=option.lab_seed,
            window=option.window,
            limits=Path(option.limits) if option.limits else None,
            own=asked.own,
            profile=option.profile,
            builder=asked.builder,
            power_cycles=option.power_cycles,
            reference=asked.reference,
            battery=3.6 * option.battery,
        )
        path = self._station_path(mode)
        try:
            pipeline = None if asked.own is not None else self.pipeline()
        except ModelsError as error:  # with -q no header has found it out before
            pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)
        facts = run_facts(options, path, option.model_seed, pipeline)
        self.folder.write_run(facts)
        return Campaign(ModelsSide(options, self.pipeline), self.folder)

    def calibrated(self, mode: Mode) -> str:
        """``yes``, or why results in a mode are not calibrated."""
        records = load_station(self._station_path(mode)).calibration
        reasons = records.shortcomings(datetime.now(UTC).date())
        return f"no: {'; '.join(reasons)}" if reasons else "yes"

    def gate(self, mode: Mode) -> GateRecord | None:
        """This run against its baseline, compared once; None if there is none."""
        if self.asked.gate is None:
            return None
        if self._gate is None:
            campaign = self.campaign(mode)
            report = self.folder.collect()
            assert report is not None
            limits = campaign.limits.file.gate if self.asked.own is None else None
            self._gate = self.asked.gate.compare(report, limits)
            self.folder.write_gate(self._gate)
        return self._gate

    def finish(self, why_early: str = "") -> None:
        """Close what is open; put the report together if this process started the run.

        What cannot be closed is one of the `troubles`, and costs no report.

        Args:
            why_early: Why the run ends before all that was selected has been run, if it does.
        """
        for campaign in self._campaigns.values():
            try:
                campaign.close()
            except BenchError as error:
                self.troubles.append(str(error))
        self._campaigns.clear()
        if not self.worker:
            self.result = self.folder.assemble(why_early)
            self._publish()

    def untold(self) -> list[str]:
        """The troubles, once: whoever asks for them tells them."""
        told = self.troubles.copy()
        self.troubles.clear()
        return told

    def _publish(self) -> None:
        if self.result is None:
            return
        if self.report is not None:
            publish(self.result, self.folder.path)
        append_step_summary(self.result)

    def clean_up(self) -> None:
        """Leave the terminal and the folder alone; remove that of a run without a report."""
        if self.watched is not None:
            self.watched.close()
        if self._lock is not None:
            self._lock.release()
        if not self.worker and self.report is None:
            shutil.rmtree(self.folder.path, ignore_errors=True)

    def _station_line(self) -> str:
        station = self.config.option.station
        return f"{station} (hardware)" if station else "twin, the simulated lab"

    def _station_path(self, mode: Mode) -> Path:
        return Path(self.config.option.station) if mode == "hw" else TWIN_FILE


def _progress(watched: Watched | None, told: Mapping[str, Any]) -> Progress:
    """Where the models' side's news go: to the terminal, to the process that has it, or a log."""
    if watched is not None:
        return watched.progress
    return Sender.start(told["news"].send) if "news" in told else Lines()


def _runs_tests(option: Any) -> bool:
    """Whether pytest is to run tests; else it only tells of them, and an earlier report stays."""
    return not any(getattr(option, name, False) for name in _TELLING)


_TELLING = ("help", "version", "markers", "showfixtures", "show_fixtures_per_test", "cacheshow",
            "collectonly", "setuponly", "setupplan")  # fmt: skip
"""Pytest's options with which it runs no test."""
SESSION = pytest.StashKey[Session]()
"""Where pytest's config keeps it."""
