"""The paper's Tables 2 and 3 beside a run's own figures."""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.report.html.results import FAMILIES, TECHNIQUE_NAMES, TECHNIQUES, Results
from bench.report.order import natural
from bench.verdict.published import published

CELL = "Table 3: "
"""What the claim of a cell of Table 3 begins with."""


@dataclass(frozen=True)
class AccuracyCell:
    """A cell of Table 2: published and own accuracy; None where this run has none.

    Attributes:
        agrees: Whether the published value lies in the interval over subjects.
    """

    technique: str
    published: float
    found: float | None = None
    low: float | None = None
    high: float | None = None
    agrees: bool = False


@dataclass(frozen=True)
class FitCell:
    """A cell of Table 3: whether it fits by the paper and by us, None if we do not know."""

    technique: str
    published: bool
    found: bool | None = None
    refused: str = ""
    verdict: str = ""


def table_2(results: Results) -> list[tuple[str, str, list[AccuracyCell]]]:
    """Network type, network and cells, for the networks of this run."""
    known = {*results.networks("C"), *results.networks("CL")}
    return [
        (FAMILIES[results.family(network)], network, [*_accuracies(results, network)])
        for network in published().table2
        if network in known
    ]


def _accuracies(results: Results, network: str) -> Iterator[AccuracyCell]:
    for technique in TECHNIQUE_NAMES:
        value = published().table2[network][technique]
        entry = results.accuracy(network, technique)
        if entry is None or entry.accuracy is None:
            yield AccuracyCell(technique, value)
            continue
        low, high = entry.interval or (entry.accuracy, entry.accuracy)
        yield AccuracyCell(technique, value, entry.accuracy, low, high, low <= value <= high)


def table_3(results: Results, family: str) -> list[tuple[str, list[FitCell]]]:
    """Network and cells of a family, for the networks of this run, the most complex first."""
    known = [name for name in results.networks(family) if name in published().table3]
    return [
        (network, [_fit(results, network, technique) for technique in TECHNIQUES])
        for network in sorted(known, key=natural, reverse=True)
    ]


def _fit(results: Results, network: str, technique: str) -> FitCell:
    fits = published().table3[network][technique]
    record = results.variants.get(f"{network}-{technique}")
    if record is None or not record.paper_steps or not record.steps:
        return FitCell(technique, fits)
    refused = next((s.name for s in (*record.paper_steps, *record.steps) if not s.kept), "")
    claim = f"{CELL}{record.variant}"
    asked = next((c.verdict for c in results.report.claims if c.claim == claim), "")
    verdict = asked or ("agrees" if fits is (not refused) else "contradicts")
    return FitCell(technique, fits, not refused, refused, verdict)
