"""What the techniques of a network save against L, as the paper asks (its Fig. 4)."""

from collections.abc import Mapping

from bench.measurement.figures import Figures
from bench.measurement.model import saving
from bench.measurement.repeated import Series
from bench.measurement.uncertainty import Estimate, evaluate

REFERENCE = "L"
SAVING_TECHNIQUES = ("D", "F")


def savings(network: str, series: Mapping[str, Series], figures: Figures) -> dict[str, Estimate]:
    """The saving of each technique of `network` that is among `series` (by variant), beside L.

    Each is the share of L's energy of one inference, with a budget of its own: the errors that the
    station makes in both series cancel as far as they are the same.
    """
    reference = series.get(f"{network}-{REFERENCE}")
    if reference is None:
        return {}
    return {
        technique: evaluate(saving(reference, series[name], figures))
        for technique in SAVING_TECHNIQUES
        if (name := f"{network}-{technique}") in series
    }
