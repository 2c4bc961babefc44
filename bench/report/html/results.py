"""A report's results by network and technique, as tables and figures ask for them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from bench.report.found import accuracy_of, energy_of
from bench.report.order import natural
from bench.report.record import (
    AccuracyRecord,
    BaseRecord,
    EstimateRecord,
    Report,
    VariantRecord,
)
from bench.verdict.published import why_not_comparable
from models.catalog import BASE, NETWORKS, Technique

FAMILIES = {"C": "1D_CNN", "CL": "1D_CNN_LSTM"}
"""The paper's network types."""
TECHNIQUES = tuple(technique.value for technique in Technique)
TECHNIQUE_NAMES = {
    BASE: "base",
    "L": "lite conversion",
    "D": "dynamic quantization",
    "F": "full-integer quantization",
}


@dataclass(frozen=True)
class Saving:
    """The share of L's energy that a technique saves, and its expanded uncertainty."""

    share: float
    expanded: float


@dataclass(frozen=True)
class Results:
    """What a report has, by name."""

    report: Report

    @cached_property
    def variants(self) -> dict[str, VariantRecord]:
        """By name."""
        return {record.variant: record for record in self.report.variants}

    @cached_property
    def bases(self) -> dict[str, BaseRecord]:
        """By network."""
        return {record.network: record for record in self.report.bases}

    @property
    def comparable(self) -> bool:
        """Whether the run is on the paper's data set."""
        return not self.why_not_comparable

    @property
    def why_not_comparable(self) -> str:
        """Why nothing is compared with the paper; empty if it is."""
        return why_not_comparable(self.report.run.dataset)

    def networks(self, family: str) -> list[str]:
        """The networks of a family that are in the report, in natural order."""
        names = {record.network for record in self.report.variants if record.technique != "own"}
        names |= self.bases.keys()
        return sorted((name for name in names if self.family(name) == family), key=natural)

    def family(self, network: str) -> str:
        """``CL`` for a network with an LSTM, else ``C``."""
        if network in NETWORKS:
            return NETWORKS[network].family
        return "CL" if any("LSTM" in kernel for kernel in self._kernels(network)) else "C"

    def _kernels(self, network: str) -> Iterator[str]:
        for technique in TECHNIQUES:
            record = self.variants.get(f"{network}-{technique}")
            if record is not None and record.model is not None:
                yield from record.model.kernels

    def accuracy(self, network: str, technique: str) -> AccuracyRecord | None:
        """In the reference runtime; None if it is not known."""
        if technique == BASE:
            record: BaseRecord | VariantRecord | None = self.bases.get(network)
        else:
            record = self.variants.get(f"{network}-{technique}")
        return accuracy_of(record)

    def energy(self, network: str, technique: str) -> EstimateRecord | None:
        """Gross, of one inference; None if it was not measured."""
        return energy_of(self.variants.get(f"{network}-{technique}"))

    def saving(self, network: str, technique: str) -> Saving | None:
        """Against L; None where either was not measured.

        The record's own, if it has one; else with an upper bound for its uncertainty: what two
        measurements on one station have wrong in common is taken as if it did not cancel.
        """
        record = self.variants.get(f"{network}-{technique}")
        if record is not None and record.saving is not None:
            return Saving(record.saving.value, record.saving.expanded)
        lite, other = self.energy(network, "L"), self.energy(network, technique)
        if lite is None or other is None or not lite.value > 0.0:
            return None
        ratio = other.value / lite.value
        spread = (other.expanded / lite.value) ** 2 + (ratio * lite.expanded / lite.value) ** 2
        return Saving(1.0 - ratio, spread**0.5)
