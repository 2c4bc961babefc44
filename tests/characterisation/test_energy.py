"""What does one inference cost? Measured on the device, against the limits of energy and time."""

from bench.run.judged import Judged


def test_energy(energy: Judged) -> None:
    """The gross energy of one inference with its uncertainty, and its latency."""
    energy.check()
