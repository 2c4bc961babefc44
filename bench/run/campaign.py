"""All the work of a run, each piece done once, when the first test asks for it."""

import re
from dataclasses import dataclass, field, replace

from bench.device.deployability import Step, check_model, paper_profile
from bench.errors import BenchError
from bench.measurement.declared import figures_of
from bench.measurement.repeated import Series
from bench.report.convert import estimate_record, step_record
from bench.report.files import RecordFolder
from bench.report.record import AttemptRecord, BaseRecord, VariantRecord, WindowRecord
from bench.run.judged import Judged
from bench.run.ledger import Ledger
from bench.run.limits import RunLimits
from bench.run.live import LiveTask, MeasuredLive, live_record
from bench.run.matrix import Matrix
from bench.run.models_side import ModelsSide
from bench.run.options import Options
from bench.run.reached import accuracy_reached, device_reached
from bench.run.records import measurement_record
from bench.run.savings import savings
from bench.run.selection import Case
from bench.run.station import RunStation
from bench.run.subject import Result, Subject
from models.catalog import BASE


@dataclass
class Campaign:
    """The work of one process of a run.

    Attributes:
        models: Networks and what they become.
        folder: Where records and traces go.
        limits: What it is judged by.
    """

    models: ModelsSide
    folder: RecordFolder
    limits: RunLimits = field(init=False)
    _fitted: dict[str, VariantRecord | BenchError] = field(default_factory=dict)
    _series: dict[str, Series] = field(default_factory=dict)
    _references: dict[str, tuple[WindowRecord, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.limits = RunLimits(self.models)
        self._station = RunStation(self.models, self.folder)
        self._ledger = Ledger(self.folder)

    def close(self) -> None:
        """Switch off, give the station back and end the lab."""
        self._station.close()

    @property
    def options(self) -> Options:
        """What the user asked for."""
        return self.models.options

    def accuracy(self, case: Case) -> Judged:
        """The accuracy of a base or a variant, judged.

        Raises:
            ModelsError: The network could not be trained, converted or evaluated.
        """
        base = BaseRecord(
            network=case.network,
            accuracy=self.models.accuracies(replace(case, technique=BASE)),
        )
        if case.technique == BASE:
            judged = self.limits.judge(case, accuracy_reached(base, None))
            self._ledger.judge_base(base, judged.judgements)
            return judged
        record = self._ledger.update(case, accuracy=self.models.accuracies(case))
        judged = self.limits.judge(case, accuracy_reached(record, base))
        self._ledger.judge(case, judged.judgements)
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
        judged = self.limits.judge(case, device_reached(self.fitted(case)))
        self._ledger.judge(case, judged.judgements)
        return judged

    def matrix(self) -> Matrix:
        """What is on record so far, by every process of the run."""
        return self._ledger.matrix(inferred_app_size=self.options.builder is None)

    def _fit(self, case: Case) -> VariantRecord:
        self._station.require_usable()
        subject, model = self.models.subject(case)
        try:
            subject = self._built(subject)
            reference = self._reference(case)
            result = self._result(subject)
        except BenchError as error:
            self._ledger.update(
                case, model=model, error=str(error), attempts=_failed_attempts(error)
            )
            raise
        found = self._found(case, subject, result)
        self._ledger.update(case, model=model, reference=reference, **found)
        if result.measured is not None:
            self._series[case.name] = result.measured.series
            self._compare(case)
        return self._ledger.record(case)

    def _reference(self, case: Case) -> tuple[WindowRecord, ...]:
        """Windows of the reference variant, measured once for each network, before its first."""
        reference = self.options.reference
        if reference is None or self.options.why_not_measured:
            return ()
        if case.network not in self._references:
            name = reference.network.name
            subject, _ = self.models.subject(Case(case.mode, name, reference.technique))
            label = f"{reference.name}-before-{case.network}"
            subject = replace(self._built(subject), label=label, live=None)
            measured = self._station.measure(subject).measured
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
            return self._station.measure(subject)
        return Result(list(_paper_steps(subject)))

    def _compare(self, case: Case) -> None:
        """Put on record what each technique of a network saves, as soon as L is measured, too."""
        figures = figures_of(self._station.station)
        for technique, estimate in savings(case.network, self._series, figures).items():
            other = replace(case, technique=technique)
            self._ledger.update(other, saving=estimate_record(estimate))

    def _found(self, case: Case, subject: Subject, result: Result) -> dict[str, object]:
        errors = [] if self.options.why_not_measured else [*result.errors, None]
        return {
            "steps": tuple(step_record(step) for step in result.steps),
            "paper_steps": tuple(step_record(step) for step in _paper_steps(subject)),
            "expected_undeployable": self.limits.expected_undeployable(case),
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


def _paper_steps(subject: Subject) -> tuple[Step, ...]:
    return check_model(subject.image.model, subject.profile or paper_profile())


def _failed_attempts(error: BenchError) -> tuple[AttemptRecord, ...]:
    """Every attempt's error: the earlier ones are notes of the last, beside notes of others."""
    notes = [re.match(r"attempt \d+: (.*)", note, re.DOTALL) for note in _notes(error)]
    texts = [*(note[1] for note in notes if note), f"{type(error).__name__}: {error}"]
    return tuple(AttemptRecord(number=n, error=text) for n, text in enumerate(texts, start=1))


def _notes(error: BaseException) -> list[str]:
    return getattr(error, "__notes__", [])
