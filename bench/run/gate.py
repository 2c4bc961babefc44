"""A report against its baseline: what became larger, slower, less accurate or hungrier."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.errors import MeasurementError, ReportError
from bench.report.conditions import changed_conditions
from bench.report.files import REPORT, load_report, report_file
from bench.report.record import (
    ComparisonRecord,
    GateRecord,
    Report,
    RunFacts,
    VariantRecord,
)
from bench.run.quantities import QUANTITIES, ComparedQuantity, Pair, replicates
from bench.verdict.comparison import Ratio, SessionSpread, session_spread
from bench.verdict.gate import judge_ratios
from bench.verdict.limits import GateLimits

DECLARED = GateLimits(
    margin=0.01,
    level=0.05,
    between_sessions=0.001,
    source="assumed: shunt of 25 ppm/K, card and device within some kelvin of the baseline's",
)
"""Where a limits file says nothing of the gate."""
LOST = "it has an energy in the baseline and none in this run"
LEAST_CYCLES = 2
"""Power cycles without which nothing is known of their spread."""
LEAST_HISTORY = 3
"""Earlier sessions from which on their spread is used in place of the declared one."""


@dataclass(frozen=True)
class GateOptions:
    """What a user asked of the gate.

    Attributes:
        baseline: A report, or the folder that a run wrote it into; or a folder with one for each
            data set, which are compared with only where the recipe of the weights is the same.
        strict: Whether an inconclusive comparison fails.
        history: Folder of past reports, or None.
    """

    baseline: Path
    strict: bool = False
    history: Path | None = None

    def compare(self, report: Report, limits: GateLimits | None) -> GateRecord:
        """Compare a run with the baseline.

        Raises:
            ReportError: A report of the baseline or of the history is damaged.
        """
        named = self.baseline
        own = report_file(named)
        committed = own != named and not own.exists()
        path = named / f"{report.run.dataset}.json" if committed else own
        if committed and not path.exists():
            return GateRecord(baseline=str(path), skipped=f"there is no {path}")
        history = load_past_reports(self.history) if self.history else ()
        return compare_reports(
            report,
            load_report(path),
            str(path),
            limits or DECLARED,
            history,
            same_recipe=committed,
        )


def load_past_reports(folder: Path) -> list[Report]:
    """Every report below `folder`, oldest first; one that a run wrote into may be given, too.

    Raises:
        ReportError: There is none, or one is damaged.
    """
    named = () if (folder / REPORT).exists() else folder.glob("*.json")
    paths = sorted({*folder.rglob(REPORT), *named})
    if not paths:
        raise ReportError(f"{folder}: no {REPORT} in it or below: name a folder of past reports")
    return sorted(map(load_report, paths), key=lambda report: report.run.started)


def compare_reports(
    new: Report,
    old: Report,
    name: str,
    limits: GateLimits = DECLARED,
    history: Sequence[Report] = (),
    *,
    same_recipe: bool = False,
) -> GateRecord:
    """Compare every variant of `new` that has a baseline in `old`.

    Args:
        new: This run.
        old: The baseline.
        name: Of the baseline, for people.
        limits: Margin, level, and the declared spread between sessions.
        history: Earlier runs, from which the spread is taken where there are enough; those under
            other conditions say nothing of it and are left out.
        same_recipe: Leave out a variant whose weights come from another recipe, and what depends
            on the weights where another machine has trained others.
    """
    skipped = _why_not_at_all(new.run, old.run)
    pairs, left_out = ({}, {}) if skipped else _pairs(new, old, same_recipe)
    alike = [past for past in history if not changed_conditions(past.run, new.run)]
    comparisons: list[ComparisonRecord] = []
    spreads: set[str] = set()
    for quantity in QUANTITIES:
        ratios = {}
        for variant, pair in _comparable(quantity, pairs, same_recipe).items():
            between = _between_sessions(quantity, pair.new, alike, limits)
            spreads.add(f"{between.relative:.3%}, {between.source}")
            ratios[variant] = quantity.ratio(pair, between, limits.level)
        comparisons += _judged(quantity, pairs, ratios, limits)
    return GateRecord(
        baseline=name,
        started=old.run.started,
        margin=limits.margin,
        level=limits.level,
        between_sessions="; ".join(sorted(spreads)),
        skipped=skipped,
        left_out=left_out,
        comparisons=tuple(comparisons),
    )


def _pairs(new: Report, old: Report, same_recipe: bool) -> tuple[dict[str, Pair], dict[str, str]]:
    """What can be compared, by variant, and why what cannot be is left out."""
    earlier = {record.variant: record for record in old.variants}
    pairs: dict[str, Pair] = {}
    left_out: dict[str, str] = {}
    for record in new.variants:
        try:
            pairs[record.variant] = _pair(record, earlier.get(record.variant), same_recipe)
        except MeasurementError as error:
            left_out[record.variant] = str(error)
    return pairs, left_out


def _comparable(
    quantity: ComparedQuantity, pairs: Mapping[str, Pair], same_recipe: bool
) -> dict[str, Pair]:
    """The pairs that both have the quantity; of other weights not what depends on them."""
    return {
        variant: pair
        for variant, pair in pairs.items()
        if quantity.value(pair.new) is not None
        and quantity.value(pair.old) is not None
        and not (same_recipe and quantity.of_weights and not _same(pair, "weights_sha256"))
    }


def _judged(
    quantity: ComparedQuantity,
    pairs: Mapping[str, Pair],
    ratios: Mapping[str, Ratio],
    limits: GateLimits,
) -> list[ComparisonRecord]:
    records = []
    for variant, compared in judge_ratios(ratios, limits.margin, limits.level).items():
        value, baseline = quantity.value(pairs[variant].new), quantity.value(pairs[variant].old)
        assert value is not None
        assert baseline is not None
        found = compared.ratio
        records.append(
            ComparisonRecord(
                variant=variant,
                quantity=quantity.name,
                unit=quantity.unit,
                baseline=baseline,
                value=value,
                ratio=found.value,
                low=found.low,
                high=found.high,
                adjusted_p=compared.adjusted_p,
                method=found.method,
                change=compared.change.value,
            )
        )
    return records


def _between_sessions(
    quantity: ComparedQuantity, record: VariantRecord, history: Sequence[Report], limits: GateLimits
) -> SessionSpread:
    """From earlier sessions of the same model where there are enough, else as declared.

    What is declared is what a session does to every variant alike, and a reference cancels that.
    """
    of_window = quantity.of_window
    sessions = [
        replicates(earlier, of_window)
        for report in history
        for earlier in report.variants
        if of_window is not None
        and earlier.variant == record.variant
        and earlier.model == record.model
        and _power_cycles(earlier) >= LEAST_CYCLES
        and bool(earlier.reference) == bool(record.reference)
    ]
    if len(sessions) >= LEAST_HISTORY:
        return session_spread(sessions)
    if of_window is not None and record.reference:
        return SessionSpread(0.0, "what a session adds cancels in the reference variant")
    return SessionSpread(limits.between_sessions, limits.source)


def _pair(record: VariantRecord, earlier: VariantRecord | None, same_recipe: bool) -> Pair:
    """Both records; `MeasurementError` says why they cannot be compared."""
    if earlier is None:
        raise MeasurementError("not in the baseline")
    if record.measurement is None:
        raise MeasurementError("no energy in this run" if earlier.measurement is None else LOST)
    if earlier.measurement is None:
        raise MeasurementError("no energy in the baseline")
    for what, measured in (("this run", record), ("the baseline", earlier)):
        if _power_cycles(measured) < LEAST_CYCLES:
            raise MeasurementError(f"{what} has fewer than two power cycles: use --power-cycles 3")
    if bool(record.reference) != bool(earlier.reference):
        raise MeasurementError("only one of both has a reference variant: use the same --reference")
    pair = Pair(record, earlier)
    if same_recipe and not _same(pair, "weights_key"):
        raise MeasurementError("the baseline's weights come from another recipe: make a new one")
    return pair


def _power_cycles(record: VariantRecord) -> int:
    windows = record.measurement.windows if record.measurement else ()
    return len({window.power_cycle for window in windows})


def _same(pair: Pair, provenance: str) -> bool:
    found = [
        record.model.provenance.get(provenance) if record.model else None
        for record in (pair.new, pair.old)
    ]
    return found[0] == found[1]


def _why_not_at_all(new: RunFacts, old: RunFacts) -> str:
    differ = [
        f"{name} {there!r} there, {here!r} here"
        for name, there, here in changed_conditions(old, new)
    ]
    return f"the baseline is of another kind: {'; '.join(differ)}" if differ else ""
