"""Values with their uncertainty after the GUM, by way of GTC.

GTC carries the degrees of freedom of every influence and the correlations between results that
share one; the coverage factor follows from the effective degrees of freedom
(Welch-Satterthwaite, JCGM 100:2008, annex G).
"""

from dataclasses import dataclass

import GTC

from bench.measurement.model import Measurand

COVERAGE = 95
"""Coverage probability of an expanded uncertainty in per cent."""


@dataclass(frozen=True)
class Contribution:
    """A row of an uncertainty budget.

    Attributes:
        influence: What may be wrong.
        standard: Standard uncertainty of the result that comes of it, in the result's unit.
        share: Its part of the result's variance, 0 to 1.
        dof: Degrees of freedom of the influence.
    """

    influence: str
    standard: float
    share: float
    dof: float


@dataclass(frozen=True)
class Estimate:
    """A measured value.

    Attributes:
        name: Of the measurand.
        unit: Of `value` and the uncertainties; ``1`` for none.
        value: Best estimate.
        standard: Standard uncertainty.
        dof: Effective degrees of freedom.
        coverage_factor: k for a coverage of 95 %.
        budget: Where the uncertainty comes from, largest first.
    """

    name: str
    unit: str
    value: float
    standard: float
    dof: float
    coverage_factor: float
    budget: tuple[Contribution, ...]

    @property
    def expanded(self) -> float:
        """Expanded uncertainty, in `unit`."""
        return self.coverage_factor * self.standard

    @property
    def interval(self) -> tuple[float, float]:
        """Ends of the coverage interval, in `unit`."""
        return self.value - self.expanded, self.value + self.expanded

    def __str__(self) -> str:
        unit = "" if self.unit == "1" else f" {self.unit}"
        return (
            f"{self.name} {self.value:.6g} ± {self.expanded:.2g}{unit} "
            f"(k = {self.coverage_factor:.2f}, {COVERAGE} %)"
        )


def evaluate(measurand: Measurand) -> Estimate:
    """Value, uncertainty and budget of `measurand` by the law of propagation of uncertainty."""
    errors = {
        name: GTC.ureal(0.0, spread.standard, spread.dof, label=name)
        for name, spread in measurand.spreads.items()
    }
    result = measurand.value(errors)
    variance = float(result.v)
    contributions = []
    for name, error in errors.items():
        standard = float(GTC.component(result, error))
        if standard > 0.0:
            share = standard**2 / variance
            contributions.append(Contribution(name, standard, share, float(error.df)))
    dof = float(result.df)
    return Estimate(
        name=measurand.name,
        unit=measurand.unit,
        value=float(result.x),
        standard=float(result.u),
        dof=dof,
        coverage_factor=float(GTC.reporting.k_factor(dof, COVERAGE)),
        budget=tuple(sorted(contributions, key=lambda row: -row.standard)),
    )
