"""What came of a variant, in a word."""

from bench.report.record import VariantRecord


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
