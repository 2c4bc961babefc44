"""The records of a run as they grow, each kept in the run's folder with every change."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.report.convert import judgement_record
from bench.report.files import RecordFolder
from bench.report.record import BaseRecord, VariantRecord
from bench.run.matrix import Matrix
from bench.run.selection import Case
from bench.verdict.rules import Judgement


@dataclass
class Ledger:
    """The records that one process of a run makes.

    Attributes:
        folder: Where they are kept, beside those of other processes.
    """

    folder: RecordFolder
    _records: dict[str, VariantRecord] = field(default_factory=dict)

    def record(self, case: Case) -> VariantRecord:
        """What is on record of a variant that this process has worked on."""
        return self._records[case.name]

    def update(self, case: Case, **found: object) -> VariantRecord:
        """Add fields to the record of a variant."""
        before = self._records.get(case.name) or VariantRecord(
            variant=case.name, network=case.network, technique=case.technique
        )
        record = before.model_copy(update=found)
        self._records[case.name] = record
        self.folder.write(case.name, record)
        return record

    def judge(self, case: Case, judgements: Sequence[Judgement]) -> None:
        """Add judgements of a variant; they join those of other quantities."""
        new = tuple(map(judgement_record, judgements))
        names = {judgement.quantity for judgement in new}
        before = self.record(case).judgements
        kept = tuple(j for j in before if j.quantity not in names)
        self.update(case, judgements=(*kept, *new))

    def judge_base(self, base: BaseRecord, judgements: Sequence[Judgement]) -> None:
        """Keep a base with its judgements."""
        new = tuple(map(judgement_record, judgements))
        self.folder.write(base.network, base.model_copy(update={"judgements": new}))

    def matrix(self, *, inferred_app_size: bool) -> Matrix:
        """What is on record so far, by every process of the run."""
        return Matrix(
            {record.variant: record for record in self.folder.read(VariantRecord)},
            {record.network: record for record in self.folder.read(BaseRecord)},
            inferred_app_size=inferred_app_size,
        )
