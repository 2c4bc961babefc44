"""What came of a variant, in a word."""

from bench.report.record import RunFacts, VariantRecord


def outcome_of(record: VariantRecord) -> str:
    """``runs``, ``does not fit``, ``not run``, ``bench error``, or the first limit's failure."""
    if record.error is not None:
        return "bench error"
    failed = [j.outcome for j in record.judgements if "fail" in j.outcome]
    if record.steps and not record.deployable:
        return "does not fit"
    if failed:
        return failed[0]
    return "runs" if record.steps else "not run"


def notices(run: RunFacts) -> list[str]:
    """What must be known before any figure of a run is read."""
    lines = []
    if run.surrogate:
        lines.append("SURROGATE DATA: simulated, not UCI-HAR; accuracies say nothing about people")
    if not run.calibrated:
        lines.append("uncalibrated: the station's accuracy is not verified")
    return lines
