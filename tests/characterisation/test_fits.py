"""Does it fit and run? Checked in steps before power is spent, then confirmed by the device."""

from bench.report.record import VariantRecord


def test_fits(fitted: VariantRecord) -> None:
    """A variant that the limits file expects not to fit passes here when it does not."""
    if fitted.expected_undeployable:
        assert not fitted.deployable, (
            f"{fitted.variant} runs, but the limits file expects that it does not: "
            f"{fitted.expected_undeployable}: remove the expectation"
        )
    else:
        refused = [str(step) for step in fitted.steps if not step.kept]
        assert not refused, f"{fitted.variant}: {'; '.join(refused)}"
