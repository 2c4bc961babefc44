"""Figures as people read them: uJ and ms, bytes in full, shares and accuracies with four places."""

from bench.report.record import EstimateRecord

_SCALED = {"J": (1e6, "uJ", 1), "s": (1e3, "ms", 3), "W": (1e3, "mW", 2), "B": (1.0, "B", 0)}
"""Factor, unit and decimals in which a quantity in this SI unit is shown."""


def shown(value: float, unit: str) -> str:
    """`value` in SI `unit` (``1`` for none) as a number with the unit that people use."""
    if unit not in _SCALED:
        return f"{value:.4f}" + ("" if unit == "1" else f" {unit}")
    factor, name, decimals = _SCALED[unit]
    return f"{value * factor:,.{decimals}f} {name}"


def shown_estimate(estimate: EstimateRecord) -> str:
    """A measured value with its expanded uncertainty, likewise."""
    factor, name, decimals = _SCALED[estimate.unit]
    value, expanded = estimate.value * factor, estimate.expanded * factor
    return f"{value:,.{decimals}f} ± {expanded:,.{decimals}f} {name}"
