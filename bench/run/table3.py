"""Table 3, cell by cell: which variants the authors could deploy, beside our own verdicts."""

from dataclasses import dataclass

from bench.device.deployability import PAPER_APP_RANGE
from bench.run.matrix import Finding, Matrix, MissingError
from bench.verdict.published import ClaimVerdict, published
from models.catalog import NETWORKS

UNEXPLAINED_LSTM = (
    "unexplained: published as not fitting, but with the LSTM's last state these files have 19 to "
    "38 KB, far less than C_5 under L, which is published as fitting; tried without success: rules "
    "on size, arena and operators, and the whole sequence into the dense layer, under which CL_4 "
    "under L (published as not fitting) and CL_6 under D (as fitting) are equally large"
)


@dataclass(frozen=True)
class Cell:
    """A cell of Table 3; `explanation` is not empty where ours is known to differ."""

    network: str
    technique: str
    fits: bool
    explanation: str

    def __str__(self) -> str:
        return f"{self.network}-{self.technique}"

    @property
    def calibrated(self) -> bool:
        """Whether the paper profile takes its application's size from this very cell's column."""
        return NETWORKS[self.network].family == "C" and self.technique == "L"

    def compare(self, matrix: Matrix) -> Finding:
        """Our verdict in the authors' layout against the published one.

        Raises:
            MissingError: The variant was not tried in this run.
        """
        record = matrix.variants.get(str(self))
        if record is None or not record.paper_steps or not record.steps:
            raise MissingError(f"{self} has no verdict in this run")
        kept = all(step.kept for step in record.paper_steps)
        runs = record.deployable
        refused = [step for step in (*record.paper_steps, *record.steps) if not step.kept]
        found = "fits and runs" if kept and runs else f"does not: {refused[0].name}"
        agrees = (kept and runs) == self.fits
        verdict: ClaimVerdict = "agrees" if agrees else "contradicts"
        if agrees and self.calibrated and matrix.inferred_app_size:
            low, high = PAPER_APP_RANGE
            found += f" (the application, {low:,} to {high:,} B, is inferred from this column)"
            verdict = "calibrated"
        published_text = "fits" if self.fits else "does not fit"
        return Finding(f"Table 3: {self}", verdict, published_text, found)


def table_3_cells() -> list[Cell]:
    """All 42 cells."""
    return [
        Cell(
            network,
            technique,
            fits,
            UNEXPLAINED_LSTM if NETWORKS[network].family == "CL" and technique == "L" else "",
        )
        for network, row in published().table3.items()
        for technique, fits in row.items()
    ]
