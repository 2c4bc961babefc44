"""What tests of variants ask for: their cases, and what the bench found out about them."""

from collections.abc import Callable

import pytest

from bench.report.budget import budget_text
from bench.report.record import EstimateRecord, LiveRecord, VariantRecord
from bench.run.campaign import Campaign
from bench.run.judged import Changes, Judged
from bench.run.live import live_properties
from bench.run.matrix import Finding, Matrix, MissingError
from bench.run.selection import Case, Mode
from bench.run.session import SESSION, Session
from bench.run.station import StationBrokenError
from bench.verdict.published import why_not_comparable


@pytest.fixture(scope="session")
def bench_session(request: pytest.FixtureRequest) -> Session:
    """The bench in this process."""
    return request.config.stash[SESSION]


@pytest.fixture
def station_mode(request: pytest.FixtureRequest) -> Mode:
    """``sim`` or ``hw``."""
    value: Mode = request.param
    return value


@pytest.fixture
def variant_case(request: pytest.FixtureRequest) -> Case:
    """A variant in a mode."""
    value: Case = request.param
    return value


@pytest.fixture
def accuracy_case(request: pytest.FixtureRequest) -> Case:
    """A variant or a base in a mode."""
    value: Case = request.param
    return value


@pytest.fixture
def gate_case(request: pytest.FixtureRequest) -> Case:
    """A variant in a mode, once every variant has its record."""
    value: Case = request.param
    return value


@pytest.fixture(scope="session")
def campaigns(bench_session: Session) -> Callable[[Mode], Campaign]:
    """The work of this run, by mode."""
    return bench_session.campaign


@pytest.fixture
def fitted(
    variant_case: Case,
    campaigns: Callable[[Mode], Campaign],
    record_property: Callable[[str, object], None],
) -> VariantRecord:
    """The record of a variant that was put on the device and, if it runs, measured."""
    try:
        record = campaigns(variant_case.mode).fitted(variant_case)
    except StationBrokenError as error:
        pytest.skip(str(error))
    for step in record.steps:
        kept = "kept" if step.figure is None else step.figure
        record_property(f"step {step.name}", str(kept if step.kept else step.note))
    return record


@pytest.fixture
def accuracy(
    accuracy_case: Case,
    campaigns: Callable[[Mode], Campaign],
    record_property: Callable[[str, object], None],
) -> Judged:
    """The accuracy of a base or a variant, judged by the limits that apply."""
    judged = campaigns(accuracy_case.mode).accuracy(accuracy_case)
    return _recorded(judged, record_property)


@pytest.fixture
def energy(
    fitted: VariantRecord,
    variant_case: Case,
    bench_session: Session,
    campaigns: Callable[[Mode], Campaign],
    record_property: Callable[[str, object], None],
) -> Judged:
    """Energy and latency of a variant, judged by the limits that apply."""
    _skip_undeployable(fitted)
    if (measurement := fitted.measurement) is None:
        pytest.skip(f"{fitted.variant}: {campaigns(variant_case.mode).options.why_not_measured}")
    record_property("calibrated", bench_session.calibrated(variant_case.mode))
    record_property("latency / s", measurement.latency)
    for name, estimate in (
        ("energy", measurement.energy),
        ("energy above idle", measurement.above_idle),
        ("saving against L", fitted.saving),
    ):
        if estimate is not None:
            _record_estimate(name, estimate, record_property)
    return _recorded(campaigns(variant_case.mode).energy(variant_case), record_property)


def _record_estimate(
    name: str, estimate: EstimateRecord, record_property: Callable[[str, object], None]
) -> None:
    unit = "" if estimate.unit == "1" else f" / {estimate.unit}"
    record_property(f"{name}{unit}", estimate.value)
    record_property(f"{name}, expanded uncertainty{unit}", estimate.expanded)
    record_property(f"{name}, coverage factor", estimate.coverage_factor)
    record_property(f"{name}, degrees of freedom", estimate.dof)
    record_property(f"{name}, budget", budget_text(estimate))


@pytest.fixture
def live(
    fitted: VariantRecord,
    variant_case: Case,
    campaigns: Callable[[Mode], Campaign],
    record_property: Callable[[str, object], None],
) -> LiveRecord:
    """Live operation of a variant."""
    _skip_undeployable(fitted)
    found = fitted.live
    if fitted.measurement is None:
        pytest.skip(f"{fitted.variant}: {campaigns(variant_case.mode).options.why_not_measured}")
    if found is None and fitted.why_no_live is None:
        pytest.skip("no stream: live operation is of the networks that a data set has trained")
    if found is None:
        refused = f"{fitted.variant} does not operate live: {fitted.why_no_live}"
        (pytest.skip if variant_case.mode == "hw" else pytest.fail)(refused)
    for name, value in live_properties(found).items():
        record_property(name, value)
    return found


def _skip_undeployable(record: VariantRecord) -> None:
    if not record.deployable:
        refused = record.refused
        assert refused is not None
        pytest.skip(f"{record.variant} is not deployable: {refused.name}: {refused.note}")


@pytest.fixture
def changes(
    gate_case: Case,
    bench_session: Session,
    record_property: Callable[[str, object], None],
) -> Changes:
    """A variant against its baseline; skipped where there is nothing to compare with."""
    gate = bench_session.gate(gate_case.mode)
    if gate is None:
        pytest.skip("no gate: no --baseline=REPORT")
    found = gate.of(gate_case.name)
    if not found:
        pytest.skip(f"no gate for {gate_case.name}: {gate.why_not(gate_case.name)}")
    for comparison in found:
        record_property(f"change of {comparison.quantity}", str(comparison))
    assert bench_session.asked.gate is not None
    return Changes(gate_case.name, found, bench_session.asked.gate.strict)


def _recorded(judged: Judged, record_property: Callable[[str, object], None]) -> Judged:
    for judgement in judged.judgements:
        record_property(judgement.quantity, str(judgement))
    if judged.why_no_limits:
        record_property("limits", judged.why_no_limits)
    return judged


@pytest.fixture
def matrix(station_mode: Mode, campaigns: Callable[[Mode], Campaign]) -> Matrix:
    """The records of the whole run."""
    return campaigns(station_mode).matrix()


def _expected(request: pytest.FixtureRequest) -> str:
    """Why the test is expected to fail; empty if it is not."""
    marker = request.node.get_closest_marker("xfail")
    return str(marker.kwargs.get("reason", "")) if marker else ""


@pytest.fixture
def claim(
    request: pytest.FixtureRequest,
    matrix: Matrix,
    station_mode: Mode,
    bench_session: Session,
    campaigns: Callable[[Mode], Campaign],
    record_property: Callable[[str, object], None],
) -> Callable[[Callable[[Matrix], Finding]], Finding]:
    """Ask a claim of the matrix and keep what it found; skip what cannot be asked, saying why.

    All skips are raised here, so that pytest counts those of one reason in one line.
    """

    def ask(question: Callable[[Matrix], Finding]) -> Finding:
        if bench_session.asked.own is None:  # which needs no data
            data = campaigns(station_mode).models.pipeline.dataset
            if why := why_not_comparable(data.name):
                pytest.skip(why)
        try:
            finding = question(matrix)
        except MissingError as error:
            asked = bench_session.asked
            whole = asked.own is None and asked.selection.whole_table
            pytest.skip(str(error) if whole else "about variants that were not selected")
        record_property(finding.claim, str(finding))
        campaigns(station_mode).folder.write(finding.claim, finding.record(_expected(request)))
        return finding

    return ask
