"""What came of a variant, in a word."""

from bench.report.record import Report, VariantRecord


def outcome_of(record: VariantRecord) -> str:
    """``runs``, ``does not fit``, ``bench error``, or the first limit's failure.

    Also ``fits`` for one that was not put on a device, and ``not run`` for one that was not tried.
    """
    if record.error is not None:
        return "bench error"
    failed = [j.outcome for j in record.judgements if "fail" in j.outcome]
    if record.steps and not record.deployable:
        return "does not fit"
    if failed:
        return failed[0]
    if not record.steps:
        return "not run"
    return "runs" if record.measurement is not None else "fits"


def notices(report: Report) -> list[str]:
    """What must be known before any figure of a run is read."""
    run = report.run
    lines = []
    if run.surrogate:
        lines.append("SURROGATE DATA: simulated, not UCI-HAR; accuracies say nothing about people")
    lines += [
        f"self-check, attempt {check.attempt}: {check.name}: {check.error}"
        for check in report.self_check
        if check.error is not None
    ]
    if run.profile != "bench":
        lines.append(f"the device's layout: {run.profile}")
    if not run.calibrated:
        reasons = "; ".join(run.uncalibrated) or "the station's accuracy is not verified"
        lines.append(f"UNCALIBRATED: {reasons}")
    return lines
