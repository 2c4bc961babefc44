"""A report as Markdown, for the summary of a step of GitHub Actions."""

from collections import Counter
from collections.abc import Iterator

from bench.report.found import accuracy_of
from bench.report.notices import notice_lines
from bench.report.outcome import outcome_of
from bench.report.record import Report, VariantRecord

_SIGNS = {"runs": "✅", "fits": "✅", "does not fit": "⛔", "not run": "➖", "bench error": "⚠️"}
_FAILED = "❌"


def step_summary(report: Report) -> str:
    """Headline, notices, a row for each variant and the paper's claims; ends with a blank line."""
    return "\n".join([*_lines(report), "", ""])


def _lines(report: Report) -> Iterator[str]:
    run = report.run
    outcomes = Counter(outcome_of(record) for record in report.variants)
    well = outcomes["runs"] + outcomes["fits"]
    count = f"{well} of {len(report.variants)} variants fit, run right and keep their limits"
    yield f"## {count}"
    yield ""
    for notice in notice_lines(report):
        yield f"> **{notice}**"
        yield ""
    yield f"{run.station} ({run.mode}), {run.dataset}, fold {run.fold}, {run.profile} profile"
    yield ""
    if report.variants:
        yield "| | variant | outcome | accuracy | model / B | latency / ms | energy / µJ |"
        yield "|---|---|---|--:|--:|--:|--:|"
        yield from map(_row, report.variants)
    if report.claims:
        verdicts = Counter(claim.verdict for claim in report.claims)
        told = ", ".join(f"{number} {verdict}" for verdict, number in sorted(verdicts.items()))
        yield ""
        yield f"The paper's claims: {told}."


def _row(record: VariantRecord) -> str:
    outcome = outcome_of(record)
    accuracy = accuracy_of(record)
    measured = record.measurement
    cells = (
        _SIGNS.get(outcome, _FAILED),
        record.variant,
        _why(record, outcome),
        "" if accuracy is None else f"{accuracy.accuracy:.4f}",
        "" if record.model is None else f"{record.model.size:,}",
        "" if measured is None else f"{measured.latency * 1e3:.3f}",
        ""
        if measured is None
        else f"{measured.energy.value * 1e6:,.1f} ± {measured.energy.expanded * 1e6:.1f}",
    )
    return f"| {' | '.join(cells)} |"


def _why(record: VariantRecord, outcome: str) -> str:
    refused = record.refused
    if record.error is not None:
        outcome = f"{outcome}: {record.error}"
    elif refused is not None:
        outcome = f"{outcome}: {refused.name}: {refused.note}"
    return " ".join(outcome.replace("|", "\\|").split())
