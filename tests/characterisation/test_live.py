"""Does it keep up with its sensor, and what does that cost? Samples at 50 Hz, inferred every 64."""

from bench.report.record import LiveRecord


def test_live(live: LiveRecord) -> None:
    """Rate, gaps and losses; on the twin also the predictions, against those computed offline."""
    assert not live.problems, "; ".join(live.problems)
