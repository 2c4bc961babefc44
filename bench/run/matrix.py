"""What the paper claims of the whole matrix, asked of a run's records.

Each function returns a `Finding`: what was published, what this run found, and whether they agree.
Energies are compared as they are, since what the twin or a bench may get wrong in common cancels in
a ratio; accuracies are judged by their interval over subjects.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from bench.report.record import AccuracyRecord, BaseRecord, ClaimRecord, VariantRecord
from bench.verdict.published import ClaimVerdict, published
from bench.verdict.subjects import Interval, difference, mean_over_subjects
from models.catalog import BASE, NETWORKS

SAVING_NETWORKS = ("C_1", "C_2", "C_3", "C_4", "C_5")
"""The networks of which the paper has an energy under L, so a saving (its Fig. 4)."""
LEAST_SAVING = 0.20
"""The paper's savings are "close to 30 %"; anything from 20 % on is taken as close."""
NEGLIGIBLE = 0.004
"""The largest change that Table 2 shows under L or D, and the text calls negligible (CL_3, D)."""


@dataclass(frozen=True)
class Finding:
    """What was published, what was found, and whether they agree."""

    claim: str
    verdict: ClaimVerdict
    published: str
    found: str
    interval: Interval | None = None

    def record(self, explanation: str = "") -> ClaimRecord:
        """As a record of the report; a difference with its explanation."""
        return ClaimRecord(
            claim=self.claim,
            verdict=self.verdict,
            published=self.published,
            found=self.found,
            explanation=explanation if self.verdict == "contradicts" else "",
        )

    def __str__(self) -> str:
        return f"{self.claim}: published {self.published}; found {self.found}: {self.verdict}"


class MissingError(LookupError):
    """The claim is about variants that this run has no result for."""


@dataclass(frozen=True)
class Matrix:
    """The records of a run by name.

    Attributes:
        variants: By name.
        bases: By network.
        inferred_app_size: Whether the paper profile's application is inferred, not built.
    """

    variants: Mapping[str, VariantRecord]
    bases: Mapping[str, BaseRecord]
    inferred_app_size: bool = True

    def energy(self, network: str, technique: str) -> float:
        """Gross energy of one inference in J; `MissingError` if it was not measured."""
        record = self.variants.get(f"{network}-{technique}")
        if record is None or record.measurement is None:
            raise MissingError(f"{network}-{technique} has no energy in this run")
        return record.measurement.energy.value

    def macs(self, network: str) -> int:
        """Multiply-accumulates of one inference of `network`; `MissingError` if not known."""
        for technique in "LDF":
            record = self.variants.get(f"{network}-{technique}")
            if record is not None and record.model is not None and record.model.macs is not None:
                return record.model.macs
        raise MissingError(f"{network} has no variant in this run")

    def saving(self, network: str, technique: str) -> float:
        """Share of L's energy that `technique` saves; `MissingError` as for `energy`."""
        return 1.0 - self.energy(network, technique) / self.energy(network, "L")

    def accuracy(self, network: str, technique: str) -> AccuracyRecord:
        """The accuracy with its subjects, by LiteRT or, of a base, by Keras.

        Raises:
            MissingError: There is none in this run.
        """
        record: VariantRecord | BaseRecord | None
        if technique == BASE:
            record = self.bases.get(network)
        else:
            record = self.variants.get(f"{network}-{technique}")
        for entry in record.accuracy if record else ():
            if entry.per_subject is not None:
                return entry
        raise MissingError(f"{network}-{technique} has no accuracy in this run")

    def by_subject(self, network: str, technique: str) -> dict[int, float]:
        """The accuracy of each test subject, 0 to 1; `MissingError` as for `accuracy`."""
        scores = self.accuracy(network, technique).per_subject
        assert scores is not None
        return scores


def c_1_saves_least(matrix: Matrix) -> Finding:
    """Fig. 4: for C_1 neither D nor F changes the energy; all others save."""
    savings = {
        name: max(matrix.saving(name, "D"), matrix.saving(name, "F")) for name in SAVING_NETWORKS
    }
    least = min(savings, key=lambda name: savings[name])
    return _finding(
        "C_1 saves least", least == "C_1", "C_1 saves nothing, the others do", _shares(savings)
    )


def saves_at_least(matrix: Matrix, technique: str) -> Finding:
    """Fig. 4: close to 30 % for C_2 to C_5."""
    savings = {name: matrix.saving(name, technique) for name in SAVING_NETWORKS[1:]}
    return _finding(
        f"{technique} saves at least {LEAST_SAVING:.0%} from C_2 to C_5",
        min(savings.values()) >= LEAST_SAVING,
        "close to 30 %",
        _shares(savings),
    )


def f_saves_more_than_d(matrix: Matrix) -> Finding:
    """Fig. 4: "always overcomes" from C_2 to C_5."""
    leads = _leads(matrix)
    return _finding(
        "F saves more than D from C_2 to C_5",
        min(leads.values()) > 0.0,
        "always",
        f"F less D: {_shares(leads)}",
    )


def lead_of_f_shrinks(matrix: Matrix) -> Finding:
    """Fig. 4: the difference between F and D decreases with complexity."""
    leads = _leads(matrix)
    return _finding(
        "the difference between F and D shrinks from C_2 to C_5",
        all(later < earlier for earlier, later in pairwise(leads.values())),
        "it seems to decrease as the complexity increases",
        f"F less D: {_shares(leads)}",
    )


def energy_rises_with_complexity(matrix: Matrix, family: str, technique: str) -> Finding:
    """Fig. 3: more complexity, taken as multiply-accumulates, more energy."""
    names = sorted(
        (name for name, network in NETWORKS.items() if network.family == family),
        key=matrix.macs,
    )
    energies = {name: matrix.energy(name, technique) for name in names}
    return _finding(
        f"energy rises with complexity: {family} under {technique}",
        all(earlier < later for earlier, later in pairwise(energies.values())),
        "increasing the model complexity increases the energy of an inference",
        ", ".join(f"{name} {value * 1e6:.0f} uJ" for name, value in energies.items()),
    )


def energy_findings(matrix: Matrix) -> dict[str, Finding]:
    """What the matrix says of every claim about energies that it has the variants for."""
    families = sorted({network.family for network in NETWORKS.values()})
    questions: list[Callable[[], Finding]] = [
        lambda: c_1_saves_least(matrix),
        lambda: f_saves_more_than_d(matrix),
        lambda: lead_of_f_shrinks(matrix),
        *(partial(saves_at_least, matrix, technique) for technique in "DF"),
        *(
            partial(energy_rises_with_complexity, matrix, family, technique)
            for family in families
            for technique in "LDF"
        ),
    ]
    found = {}
    for question in questions:
        with suppress(MissingError):
            finding = question()
            found[finding.claim] = finding
    return found


def table_2(matrix: Matrix, network: str, technique: str) -> Finding:
    """Table 2's accuracy against ours with its interval over subjects."""
    value = published().table2[network][technique]
    entry = matrix.accuracy(network, technique)
    assert entry.accuracy is not None
    assert entry.interval is not None
    interval = Interval(entry.accuracy, *entry.interval)
    verdict: ClaimVerdict = "agrees" if interval.low <= value <= interval.high else "contradicts"
    found = f"{interval.mean:.3f} ({interval.low:.3f} to {interval.high:.3f})"
    claim = f"accuracy of {network} under {technique} (Table 2)"
    return Finding(claim, verdict, f"{value:.3f}", found, interval)


def accuracy_drop(matrix: Matrix, network: str, technique: str) -> Finding:
    """Table 2 and the conclusions: negligible under L and D, 2 to 3 points under F."""
    drop = difference(matrix.by_subject(network, BASE), matrix.by_subject(network, technique))
    if technique == "F":
        limits = published().full_integer_accuracy_drop
        text = f"a drop of {limits.low:.0%} to {limits.high:.0%}"
        verdict = drop.against(limits.low, limits.high)
    else:
        text = f"negligible, within {NEGLIGIBLE}"
        verdict = drop.against(-NEGLIGIBLE, NEGLIGIBLE)
    return Finding(f"accuracy lost by {network} under {technique}", verdict, text, str(drop))


def best_of_family(matrix: Matrix, family: str, technique: str) -> Finding:
    """Table 2: C_3 and CL_3 reach the highest accuracy of their family."""
    best = f"{family}_3"
    others = [n for n, network in NETWORKS.items() if network.family == family and n != best]
    means = {n: mean_over_subjects(matrix.by_subject(n, technique)).mean for n in others}
    rival = max(means, key=lambda name: means[name])
    lead = difference(matrix.by_subject(best, technique), matrix.by_subject(rival, technique))
    return Finding(
        f"{best} is the most accurate of its family under {technique}",
        lead.against(0.0, 1.0),
        "highest of its family",
        f"its lead over {rival}: {lead}",
    )


def recurrent_beats_convolutional(matrix: Matrix, technique: str) -> Finding:
    """Table 2: the combined network is nearly 3 points better."""
    lead = difference(matrix.by_subject("CL_3", technique), matrix.by_subject("C_3", technique))
    return Finding(
        f"CL_3 is more accurate than C_3 under {technique}",
        lead.against(0.0, 1.0),
        "nearly 3 percentage points more",
        str(lead),
    )


def _leads(matrix: Matrix) -> dict[str, float]:
    return {
        name: matrix.saving(name, "F") - matrix.saving(name, "D") for name in SAVING_NETWORKS[1:]
    }


def _finding(claim: str, holds: bool, text: str, found: str) -> Finding:
    return Finding(claim, "agrees" if holds else "contradicts", text, found)


def _shares(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.1%}" for name, value in values.items())
