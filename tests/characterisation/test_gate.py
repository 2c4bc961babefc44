"""Did a change make it worse? Each variant against its baseline, the whole matrix at once."""

from bench.run.judged import Changes


def test_gate(changes: Changes) -> None:
    """Energy, latency, size, arena and accuracy, each with its interval against the baseline."""
    changes.check()
