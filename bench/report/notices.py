"""What must be known before any figure of a run is read."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bench.report.record import Report, RunFacts


@dataclass(frozen=True)
class Notice:
    """Something that must be known.

    Attributes:
        weight: ``heavy`` where figures are not what one would take them for.
        title: What a page says in a word or two.
        text: What a page says.
        line: What a terminal says; empty where it need not, as its table says so anyway.
    """

    weight: Literal["heavy", "light"]
    title: str
    text: str
    line: str = ""


def notice_lines(report: Report) -> list[str]:
    """What a terminal says."""
    return [notice.line for notice in notices(report) if notice.line]


def notices(report: Report) -> Iterator[Notice]:
    """Every notice, the heavy ones first."""
    yield from _heavy(report)
    yield from _light(report.run)


def _heavy(report: Report) -> Iterator[Notice]:
    run = report.run
    if report.why_early:
        yield Notice(
            "heavy",
            "Ended early",
            "What was selected may not all have been run, for the run was stopped: "
            f"{report.why_early}.",
            f"ENDED EARLY ({report.why_early}): what was selected may not all have been run",
        )
    if run.surrogate:
        yield Notice(
            "heavy",
            "Surrogate data",
            "Simulated gait and postures stand in for UCI-HAR. Accuracies say nothing about "
            "people, and nothing is compared with the paper.",
            "SURROGATE DATA: simulated, not UCI-HAR; accuracies say nothing about people",
        )
    for check in report.self_check:
        if check.error is not None:
            yield Notice(
                "heavy",
                "Self-check failed",
                f"{check.name}, attempt {check.attempt}: {check.error}.",
                f"self-check, attempt {check.attempt}: {check.name}: {check.error}",
            )
    if not run.calibrated:
        reasons = "; ".join(run.uncalibrated)
        yield Notice(
            "heavy",
            "Uncalibrated",
            "The station's accuracy is declared, not verified: uncertainties are as good as the "
            f"figures they come from{f' ({reasons})' if reasons else ''}.",
            "UNCALIBRATED: " + (reasons or "the station's accuracy is not verified"),
        )


def _light(run: RunFacts) -> Iterator[Notice]:
    if run.mode == "sim":
        yield Notice(
            "light",
            "Simulated lab",
            "Energies are what a model of the ESP32 predicts; a real bench can refute them.",
        )
    if run.profile != "bench":
        yield Notice(
            "light",
            "Layout",
            f"The device's layout is not the bench's own: {run.profile}.",
            f"the device's layout: {run.profile}",
        )
    if run.reanalysed:
        yield Notice("light", "Computed again", f"From the report of SHA-256 {run.reanalysed}.")
