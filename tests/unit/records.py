"""Records of runs that never happened, for tests of what is made of records."""

from bench.report.record import (
    AccuracyRecord,
    BaseRecord,
    EstimateRecord,
    LiveRecord,
    MeasurementRecord,
    ModelRecord,
    RunFacts,
    StepRecord,
    VariantRecord,
)

FACTS = RunFacts(
    mode="sim",
    station="twin",
    station_description="a simulated lab",
    dataset="uci-har",
    dataset_digest="0" * 64,
    dataset_origin="a test",
    surrogate=False,
    fold=0,
    split="fold 0",
    seed=0,
    profile="bench",
    window="default",
    calibrated=False,
    limits="limits/uci-har.toml",
)
Scores = dict[int, float]


def estimate(value: float, unit: str = "J") -> EstimateRecord:
    return EstimateRecord(
        value=value, unit=unit, standard=value / 200, expanded=value / 100, coverage_factor=2.0,
        dof=float("inf"), budget=(),
    )  # fmt: skip


def measurement(energy: float) -> MeasurementRecord:
    return MeasurementRecord(
        latency=energy / 0.1, energy=estimate(energy), above_idle=estimate(energy / 2),
        idle_power=estimate(0.1, "W"), supply_current=0.04, arena=8000, clock_hz=160_000_000,
        operators=(("SOFTMAX", 1e-5),), windows=(),
    )  # fmt: skip


def live(power: float, *problems: str) -> LiveRecord:
    return LiveRecord(
        idle_state="light sleep", windows=2, samples=192, gaps=0, lost=0, predictions=(4, 4),
        offline=(4, 4), rate=50.0, duty=0.01, power=estimate(power, "W"),
        current=estimate(power / 3.2, "A"), battery_capacity=3600.0,
        battery_life=3600.0 / (power / 3.2), trace="live.tdms", sha256="0" * 64,
        problems=problems,
    )  # fmt: skip


def step(name: str, kept: bool) -> StepRecord:
    return StepRecord(
        name=name, kept=kept, note="", figure=None, limit=None, unit="", margin=None
    )  # fmt: skip


def accuracy(scores: Scores, interval: tuple[float, float] | None = None) -> AccuracyRecord:
    mean = sum(scores.values()) / len(scores)
    return AccuracyRecord(
        runtime="litert", accuracy=mean, interval=interval or (mean, mean), per_subject=scores
    )


def base(network: str, scores: Scores) -> BaseRecord:
    return BaseRecord(network=network, accuracy=(accuracy(scores),))


def variant(
    name: str,
    *,
    energy: float | None = None,
    macs: int | None = None,
    scores: Scores | None = None,
    fits: bool | None = None,
    fits_paper: bool | None = None,
) -> VariantRecord:
    """A variant; `fits` in the bench's layout and `fits_paper` in the authors', None untried."""
    network, technique = name.rsplit("-", 1)
    return VariantRecord(
        variant=name,
        network=network,
        technique=technique,
        model=ModelRecord(size=1000, sha256="0" * 64, crc32=0, macs=macs),
        accuracy=() if scores is None else (accuracy(scores),),
        steps=() if fits is None else (step("operators", True), step("arena", fits)),
        paper_steps=() if fits_paper is None else (step("flash", fits_paper),),
        measurement=None if energy is None else measurement(energy),
    )
