"""Reports with trace files, for tests of what is drawn from them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.measurement.trace import Trace, save
from bench.report.record import BudgetRow, JudgementRecord, VariantRecord, WindowRecord
from tests.unit import records

RATE = 100e3
PRE, INSIDE, POST = 100, 5000, 150
SHUNT = 9.8
IDLE, BUSY = 0.030, 0.040


def trace(spike: int | None = None) -> Trace:
    """A window of 50 ms at 40 mA with noise, 30 mA around it; with one sample of 60 mA."""
    high = np.concatenate([np.zeros(PRE), np.ones(INSIDE), np.zeros(POST)])
    noise = np.random.default_rng(0).normal(0.0, 20e-6, len(high))
    current = IDLE + (BUSY - IDLE) * high + noise
    if spike is not None:
        current[spike] = 0.060
    return Trace(RATE, PRE, np.full(len(high), 3.3), current * SHUNT, 3.3 * high)


def window(folder: Path, name: str, sampled: Trace) -> WindowRecord:
    """Write a trace into `folder` and tell of it as a run would."""
    folder.mkdir(parents=True, exist_ok=True)
    inside = sampled.shunt[PRE : PRE + INSIDE]
    return WindowRecord(
        power_cycle=1, inferences=10, seconds=INSIDE / RATE, device_seconds=INSIDE / RATE,
        energy=0.006, mean_current=float(inside.mean()) / SHUNT, lowest_voltage=2.9,
        trace=name, sha256=save(sampled, folder / name),
    )  # fmt: skip


def with_windows(record: VariantRecord, traces: Path, count: int = 5) -> VariantRecord:
    """A measured variant with so many windows, a budget and a judgement."""
    assert record.measurement is not None
    windows = tuple(
        window(traces, f"{record.variant}-1-{number}.tdms", trace(1000 * number))
        for number in range(1, count + 1)
    )
    budget = (
        BudgetRow(influence="shunt resistance", standard=9e-6, share=0.9, dof=float("inf")),
        BudgetRow(influence="repeatability", standard=1e-6, share=0.1, dof=4.0),
    )
    energy = record.measurement.energy.model_copy(update={"budget": budget})
    measurement = record.measurement.model_copy(update={"windows": windows, "energy": energy})
    return record.model_copy(update={"measurement": measurement, "judgements": (JUDGED,)})


JUDGED = JudgementRecord(
    quantity="accuracy", unit="1", value=0.95, expanded_uncertainty=0.0, bound="min", limit=0.9,
    rule="simple acceptance", outcome="pass", margin=0.05, source="a test",
)  # fmt: skip


def matrix(traces: Path, networks: Sequence[str], windows: int) -> tuple[VariantRecord, ...]:
    """These networks' variants, the energy rising from one to the next."""
    variants = [f"{name}-{technique}" for name in networks for technique in "LDF"]
    return tuple(
        with_windows(
            records.variant(
                variant, energy=1e-3 * (1 + place), scores={1: 0.9 + place / 1000, 2: 0.95},
                fits=True, fits_paper=True,
            ),
            traces, windows,
        )
        for place, variant in enumerate(variants)
    )  # fmt: skip
