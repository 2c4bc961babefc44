"""How accurate is it? Each base and each variant against the limits of its data set and fold."""

from bench.run.judged import Judged


def test_accuracy(accuracy: Judged) -> None:
    """The accuracy on test subjects that nothing before has seen."""
    accuracy.check()
