"""All the work of a run, each piece done once, when the first test asks for it."""

import logging
import re
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from bench.device.deployability import BENCH, ProfileName, Step, check_model, paper_profile
from bench.device.firmware_build import Builder
from bench.device.images import MODEL_PARTITION_OFFSET, ModelImage, Standardisation
from bench.errors import BenchError
from bench.measurement.declared import figures_of
from bench.measurement.model import Run
from bench.report.convert import (
    check_records,
    estimate_record,
    judgement_record,
    step_record,
)
from bench.report.files import RecordFolder
from bench.report.record import (
    AccuracyRecord,
    AttemptRecord,
    BaseRecord,
    JudgementRecord,
    ModelRecord,
    VariantRecord,
    WindowRecord,
)
from bench.run.doctor import QUICK_SECONDS, first_error
from bench.run.judged import Judged
from bench.run.live import LiveTask, MeasuredLive, live_record, offline
from bench.run.matrix import Matrix
from bench.run.measure import Workbench, is_broken
from bench.run.own import OwnModel
from bench.run.places import Place, real_place, twin_place
from bench.run.reached import Reached, accuracy_reached, device_reached
from bench.run.records import accuracy_records, measurement_record, model_record
from bench.run.savings import savings
from bench.run.selection import OWN, Case, Mode
from bench.run.subject import Result, Settings, Subject, golden_inputs
from bench.verdict.judge import judge
from bench.verdict.limits import Limits, load_limits
from models import golden
from models.catalog import BASE, Network, Technique, Variant
from models.pipeline import Artefact, Pipeline
from models.stream import Stream, stitched

log = logging.getLogger(__name__)

PAPER_INFERENCES = 10
"""Inferences of the paper's window: "10 consecutive measures"."""
POWER_CYCLES: Mapping[Mode, int] = {"sim": 3, "hw": 6}
"""Of each variant: the clusters of the gate's intervals."""
LIVE_WINDOWS = 8
"""Classified in live operation on hardware: 11.5 s."""
LIMITS = Path(__file__).parents[2] / "limits"


class StationBrokenError(BenchError):
    """An earlier case has shown that the station cannot be used."""


@dataclass(frozen=True)
class Options:
    """What the user asked for.

    Attributes:
        mode: Simulated lab or hardware.
        networks: That can be asked for, by name.
        station: File of the station; None for the twin.
        seed: Of the training.
        lab_seed: Of the simulated lab.
        window: ``default`` or ``paper``.
        limits: Limits file, or None for the one of the data set.
        own: The user's own model, or None.
        profile: The device's layout: ``bench`` or ``paper``.
        builder: Builds the firmware around each variant in the paper's layout; None: its size is
            what Table 3 implies.
        power_cycles: Of each variant; None for as many as the mode needs.
        reference: Measured before each network, or None.
        battery: Capacity in C that the days of live operation are stated for.
    """

    mode: Mode
    networks: Mapping[str, Network]
    station: Path | None = None
    seed: int = 0
    lab_seed: int = 1
    window: str = "default"
    limits: Path | None = None
    own: OwnModel | None = None
    profile: ProfileName = "bench"
    builder: Builder | None = None
    power_cycles: int | None = None
    reference: Variant | None = None
    battery: float = 3600.0

    @property
    def why_not_measured(self) -> str:
        """Why no variant is put on a device and deployability is computed alone, or nothing."""
        if self.profile == "bench":
            return ""
        if self.mode == "sim":
            return "in the paper's layout the simulated lab runs nothing: use the bench's"
        return "" if self.builder else "in the paper's layout a device needs a build: add --build"


@dataclass
class Campaign:
    """The work of one process of a run; a context manager.

    Attributes:
        options: What the user asked for.
        pipeline: Opens the models' side when it is needed.
        folder: Where records and traces go.
    """

    options: Options
    open_pipeline: Callable[[], Pipeline]
    folder: RecordFolder
    _records: dict[str, VariantRecord] = field(default_factory=dict)
    _fitted: dict[str, VariantRecord | BenchError] = field(default_factory=dict)
    _runs: dict[str, Run] = field(default_factory=dict)
    _references: dict[str, tuple[WindowRecord, ...]] = field(default_factory=dict)
    _pipeline: Pipeline | None = None
    _workbench: Workbench | None = None
    _broken: str = ""

    def __post_init__(self) -> None:
        self._stack = ExitStack()

    def close(self) -> None:
        """Switch off, give the station back and end the lab."""
        self._stack.close()

    @property
    def pipeline(self) -> Pipeline:
        """The models' side."""
        if self._pipeline is None:
            self._pipeline = self.open_pipeline()
        return self._pipeline

    @property
    def limits(self) -> Limits:
        """The limits file of this run."""
        path = self.options.limits or LIMITS / f"{self.pipeline.dataset.name}.toml"
        return load_limits(path)

    @cached_property
    def stream(self) -> Stream:
        """What the simulated sensor measures: test windows, joined."""
        return stitched(self.pipeline.dataset.windows.of(self.pipeline.split.test))

    def accuracy(self, case: Case) -> Judged:
        """The accuracy of a base or a variant, judged.

        Raises:
            ModelsError: The network could not be trained, converted or evaluated.
        """
        measured = self._accuracies(case)
        if case.technique == BASE:
            base = BaseRecord(network=case.network, accuracy=measured)
            judged, judgements = self._judged(case, accuracy_reached(base, None))
            self.folder.write(case.network, base.model_copy(update={"judgements": judgements}))
            return judged
        of_base = self._accuracies(Case(case.mode, case.network, BASE))
        base = BaseRecord(network=case.network, accuracy=of_base)
        record = self._update(case, accuracy=measured)
        judged, judgements = self._judged(case, accuracy_reached(record, base))
        self._update(case, judgements=judgements)
        return judged

    def fitted(self, case: Case) -> VariantRecord:
        """The record of a variant that was put on the station's device.

        Raises:
            BenchError: The bench could not answer.
            ModelsError: The variant could not be made.
        """
        if case.name not in self._fitted:
            try:
                self._fitted[case.name] = self._fit(case)
            except BenchError as error:
                self._fitted[case.name] = error
        outcome = self._fitted[case.name]
        if isinstance(outcome, BenchError):
            raise outcome
        return outcome

    def energy(self, case: Case) -> Judged:
        """The energy and latency of a variant that was measured, judged."""
        if self.options.profile == "paper":
            return Judged(case.name, (), "limits are for the bench's layout; this is the paper's")
        judged, judgements = self._judged(case, device_reached(self.fitted(case)))
        self._update(case, judgements=judgements)
        return judged

    def matrix(self) -> Matrix:
        """What is on record so far, by every process of the run."""
        return Matrix(
            {record.variant: record for record in self.folder.read(VariantRecord)},
            {record.network: record for record in self.folder.read(BaseRecord)},
            inferred_app_size=self.options.builder is None,
        )

    def _fit(self, case: Case) -> VariantRecord:
        if self._broken:
            raise StationBrokenError(f"the station is broken: {self._broken}")
        subject, model = self._subject(case)
        try:
            subject = self._built(subject)
            reference = self._reference(case)
            result = self._result(subject)
        except BenchError as error:
            if is_broken(error):
                self._broken = str(error)
            self._update(case, model=model, error=str(error), attempts=_failed_attempts(error))
            raise
        found = self._found(case, subject, result)
        self._update(case, model=model, reference=reference, **found)
        if result.measured is not None:
            self._runs[case.name] = result.measured.run
            self._compare(case)
        return self._records[case.name]

    def _reference(self, case: Case) -> tuple[WindowRecord, ...]:
        """Windows of the reference variant, measured once for each network, before its first."""
        reference = self.options.reference
        if reference is None or self.options.why_not_measured:
            return ()
        if case.network not in self._references:
            name = reference.network.name
            subject, _ = self._subject(Case(case.mode, name, reference.technique))
            label = f"{reference.name}-before-{case.network}"
            subject = replace(self._built(subject), label=label, live=None)
            measured = self._bench().measure(subject).measured
            if measured is None:
                raise BenchError(f"--reference: {reference.name} does not run: use one that does")
            self._references[case.network] = measurement_record(measured).windows
        return self._references[case.network]

    def _built(self, subject: Subject) -> Subject:
        if self.options.builder is None:
            return subject
        return replace(subject, build=self.options.builder.build(subject.image))

    def _result(self, subject: Subject) -> Result:
        if not self.options.why_not_measured:
            return self._bench().measure(subject)
        return Result(list(_paper_steps(subject)))

    def _compare(self, case: Case) -> None:
        """Put on record what each technique of a network saves, as soon as L is measured, too."""
        figures = figures_of(self._bench().station)
        for technique, estimate in savings(case.network, self._runs, figures).items():
            other = replace(case, technique=technique)
            self._update(other, saving=estimate_record(estimate))

    def _found(self, case: Case, subject: Subject, result: Result) -> dict[str, object]:
        expected = None
        if self.options.profile == "bench" and self._why_no_limits() == "":
            expected = self.limits.expected_undeployable(case.name)
        errors = [] if self.options.why_not_measured else [*result.errors, None]
        return {
            "steps": tuple(step_record(step) for step in result.steps),
            "paper_steps": tuple(step_record(step) for step in _paper_steps(subject)),
            "expected_undeployable": expected,
            "measurement": None if result.measured is None else measurement_record(result.measured),
            "attempts": tuple(
                AttemptRecord(number=number, error=error)
                for number, error in enumerate(errors, start=1)
            ),
            **self._found_live(subject.live, result.live),
        }

    def _found_live(
        self, task: LiveTask | None, live: MeasuredLive | str | None
    ) -> dict[str, object]:
        if task is None or not isinstance(live, MeasuredLive):
            return {"why_no_live": live}
        return {"live": live_record(live, task.expected, self.options.battery)}

    def _live_task(self, artefact: Artefact) -> LiveTask:
        if self.options.mode == "hw":
            return LiveTask(LIVE_WINDOWS)
        expected = offline(
            artefact.model.read_bytes(), artefact.manifest.standardisation, self.stream
        )
        return LiveTask(len(self.stream.windows), expected)

    def _subject(self, case: Case) -> tuple[Subject, ModelRecord]:
        if case.technique == OWN:
            assert self.options.own is not None
            return self.options.own.subject(), self.options.own.record()
        artefact = self._artefact(case)
        windows = golden.read(artefact.golden)
        manifest = artefact.manifest
        image = ModelImage(
            case.network,
            case.technique,
            artefact.model.read_bytes(),
            Standardisation(manifest.standardisation.mean, manifest.standardisation.scale),
        )
        inputs = tuple(golden_inputs(windows.windows, windows.inputs))
        live = self._live_task(artefact)
        return Subject(image, inputs, windows.outputs, live=live), model_record(manifest)

    def _artefact(self, case: Case) -> Artefact:
        network = self.options.networks[case.network]
        return self.pipeline.variant(Variant(network, Technique(case.technique)))

    def _accuracies(self, case: Case) -> tuple[AccuracyRecord, ...]:
        if case.technique == BASE:
            network = self.options.networks[case.network]
            return accuracy_records({"keras": self.pipeline.base(network)})
        accuracy = self._artefact(case).manifest.accuracy
        return accuracy_records({"litert": accuracy.litert, "tflm": accuracy.tflm})

    def _judged(self, case: Case, found: Reached) -> tuple[Judged, tuple[JudgementRecord, ...]]:
        if why := self._why_no_limits():
            return Judged(case.name, (), why), ()
        judgements = tuple(
            judge(limit, *found[limit.quantity])
            for limit in self.limits.of(case.name, case.mode)
            if limit.quantity in found
        )
        return Judged(case.name, judgements), tuple(map(judgement_record, judgements))

    def _why_no_limits(self) -> str:
        if self.options.own is not None:
            return "a user's own model has no limits file"
        return self.limits.why_not(self.pipeline.dataset.name, self.pipeline.split.fold) or ""

    def _update(self, case: Case, **found: object) -> VariantRecord:
        """Add to the record of a case and keep it; judgements join those of other quantities."""
        before = self._records.get(case.name) or VariantRecord(
            variant=case.name, network=case.network, technique=case.technique
        )
        new = found.pop("judgements", ())
        assert isinstance(new, tuple)
        names = {judgement.quantity for judgement in new}
        kept = tuple(j for j in before.judgements if j.quantity not in names)
        record = before.model_copy(update={**found, "judgements": (*kept, *new)})
        self._records[case.name] = record
        self.folder.write(case.name, record)
        return record

    def _bench(self) -> Workbench:
        if self._workbench is None:
            try:
                self._workbench = self._open_bench()
                self._check_station(self._workbench)
            except BenchError as error:
                self._broken = str(error)
                raise
        return self._workbench

    def _open_bench(self) -> Workbench:
        place = self._place()
        settings = Settings(
            profile=BENCH,
            model_offset=MODEL_PARTITION_OFFSET,
            traces=self.folder.traces,
            power_cycles=self.options.power_cycles or POWER_CYCLES[self.options.mode],
            inferences=PAPER_INFERENCES if self.options.window == "paper" else None,
        )
        return self._stack.enter_context(
            Workbench(place.station, settings, place.firmware, place.esptool_environment)
        )

    def _check_station(self, bench: Workbench) -> None:
        """The quick form of the self-check; a failed check breaks the station, saying why."""
        attempts = bench.examine(QUICK_SECONDS)
        self.folder.write_self_check(check_records(attempts))
        error = first_error(attempts[-1])
        if error is not None:
            raise error

    def _place(self) -> Place:
        if self.options.mode == "hw":
            assert self.options.station is not None
            return real_place(self.options.station)
        if self.options.own is not None:
            return self._stack.enter_context(twin_place(self.options.lab_seed))
        with tempfile.TemporaryDirectory(prefix="har-stream-") as folder:
            file = Path(folder) / "stream.npz"
            self.stream.write(file)  # the lab has read it when it tells its addresses
            return self._stack.enter_context(twin_place(self.options.lab_seed, sensor=file))


def _paper_steps(subject: Subject) -> tuple[Step, ...]:
    return check_model(subject.image.model, subject.profile or paper_profile())


def _failed_attempts(error: BenchError) -> tuple[AttemptRecord, ...]:
    """Every attempt's error: the earlier ones are notes of the last, beside notes of others."""
    notes = [re.match(r"attempt \d+: (.*)", note, re.DOTALL) for note in _notes(error)]
    texts = [*(note[1] for note in notes if note), f"{type(error).__name__}: {error}"]
    return tuple(AttemptRecord(number=n, error=text) for n, text in enumerate(texts, start=1))


def _notes(error: BaseException) -> list[str]:
    return getattr(error, "__notes__", [])
