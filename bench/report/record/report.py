"""The whole file."""

from typing import Annotated

from pydantic import Field

from bench.report.record.base import Record
from bench.report.record.gate import GateRecord
from bench.report.record.run import CheckRecord, RunFacts
from bench.report.record.variant import BaseRecord, VariantRecord
from bench.verdict.published import ClaimVerdict

SCHEMA_VERSION = 1


class ClaimRecord(Record):
    """One of the paper's claims and what this run says of it.

    Attributes:
        explanation: Why a difference from the paper is expected; empty if none is.
    """

    claim: str
    verdict: ClaimVerdict
    published: str
    found: str
    explanation: str = ""


class Report(Record):
    """A whole run.

    Attributes:
        self_check: Of the station at the run's start; empty if none was used.
        why_early: Why the run was stopped, perhaps before all that was selected had been run; else
            empty.
    """

    schema_version: Annotated[int, Field(ge=1)] = SCHEMA_VERSION
    run: RunFacts
    bases: tuple[BaseRecord, ...] = ()
    variants: tuple[VariantRecord, ...] = ()
    claims: tuple[ClaimRecord, ...] = ()
    self_check: tuple[CheckRecord, ...] = ()
    gate: GateRecord | None = None
    why_early: str = ""
