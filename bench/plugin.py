"""The bench's pytest plugin: options, marks, parametrisation, fixtures. The work is in `bench.run`.

``pytest -m sim`` runs every variant on the simulated lab, ``pytest -m hw --station FILE`` on a real
one. Each variant has ``test_fits``, ``test_accuracy``, ``test_energy`` and ``test_live``; a base
has ``test_accuracy``. ``--help`` tells the options.
"""

from collections.abc import Callable
from typing import Any

import pytest

from bench.errors import BenchError
from bench.report.budget import budget_text
from bench.report.record import EstimateRecord, LiveRecord, VariantRecord
from bench.run.campaign import Campaign, StationBrokenError
from bench.run.judged import Changes, Judged, VerdictWarning
from bench.run.live import live_properties
from bench.run.matrix import Finding, Matrix, MissingError
from bench.run.scheduler import NetworkScheduling, in_order_of_work
from bench.run.selection import Case, Mode, Selection
from bench.run.session import Session, add_options
from bench.run.summary import summary_lines

_SESSION = pytest.StashKey[Session]()
_CASES = {
    "variant_case": Selection.variants,
    "accuracy_case": Selection.accuracies,
    "gate_case": Selection.variants,
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the bench's options."""
    add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Read the options and set up the folder of the report."""
    config.addinivalue_line(
        "filterwarnings", f"default::{VerdictWarning.__module__}.VerdictWarning"
    )
    try:
        session = Session.of(config)
    except BenchError as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[_SESSION] = session
    if "hw" in session.modes and getattr(config.option, "numprocesses", None):
        session.require_station()  # with workers nothing is collected here, and they can only crash
    if session.report is not None and not config.option.xmlpath:
        config.option.xmlpath = str(session.report / "junit.xml")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Nothing of a run without a report stays."""
    if _SESSION in config.stash:
        config.stash[_SESSION].clean_up()


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Tell data set, split and station before anything runs."""
    return config.stash[_SESSION].header()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test its cases, in each mode that this run may have."""
    session = metafunc.config.stash[_SESSION]
    for name, cases_of in _CASES.items():
        if name in metafunc.fixturenames:
            cases = cases_of(session.selection, session.modes)
            metafunc.parametrize(name, [_marked(case) for case in cases], indirect=True)
    if "station_mode" in metafunc.fixturenames and not _CASES.keys() & set(metafunc.fixturenames):
        modes = [pytest.param(mode, marks=getattr(pytest.mark, mode)) for mode in session.modes]
        metafunc.parametrize("station_mode", modes, indirect=True)


def _marked(case: Case) -> Any:
    return pytest.param(case, id=case.id, marks=getattr(pytest.mark, case.mode))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse what cannot be run; put a variant's tests together, the whole matrix's last."""
    session = config.stash[_SESSION]
    if any(item.get_closest_marker("hw") for item in items):
        session.require_station()
    items[:] = in_order_of_work(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep a network's tests on one worker, and hold back the tests of the whole matrix."""
    return NetworkScheduling(config, log) if config.getvalue("dist") == "load" else None


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Let all workers write into one folder and work on the same data."""
    node.workerinput.update(node.config.stash[_SESSION].for_workers())


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item) -> None:
    """Make room for the dot that tells of a test."""
    if (watched := item.config.stash[_SESSION].watched) is not None:
        watched.status.clear()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Close the bench; the process that started the run also writes the report."""
    try:
        session.config.stash[_SESSION].finish()
    except BenchError as error:
        pytest.exit(str(error), returncode=pytest.ExitCode.INTERNAL_ERROR)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show a row for each variant."""
    session = terminalreporter.config.stash[_SESSION]
    if session.result is not None:
        terminalreporter.section("bench")
        for line in summary_lines(session.result, terminalreporter._tw.fullwidth):  # noqa: SLF001
            terminalreporter.write_line(line)
        if session.report is not None:
            terminalreporter.write_line(f"report: {session.report}")


@pytest.fixture(scope="session")
def bench_session(request: pytest.FixtureRequest) -> Session:
    """The bench in this process."""
    return request.config.stash[_SESSION]


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
def campaigns(request: pytest.FixtureRequest) -> Callable[[Mode], Campaign]:
    """The work of this run, by mode."""
    return request.config.stash[_SESSION].campaign


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
        record_property(f"step {step.name}", str(step.figure if step.kept else step.note))
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
        refused = next(step for step in record.steps if not step.kept)
        pytest.skip(f"{record.variant} is not deployable: {refused.name}: {refused.note}")


@pytest.fixture
def changes(
    gate_case: Case,
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> Changes:
    """A variant against its baseline; skipped where there is nothing to compare with."""
    session = request.config.stash[_SESSION]
    gate = session.gate(gate_case.mode)
    if gate is None:
        pytest.skip("no gate: no --baseline REPORT")
    found = gate.of(gate_case.name)
    if not found:
        pytest.skip(f"no gate for {gate_case.name}: {gate.why_not(gate_case.name)}")
    for comparison in found:
        record_property(f"change of {comparison.quantity}", str(comparison))
    assert session.gate_options is not None
    return Changes(gate_case.name, found, session.gate_options.strict)


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


@pytest.fixture
def published_data_set(station_mode: Mode, campaigns: Callable[[Mode], Campaign]) -> None:
    """Skip what compares with the paper where the surrogate stands in for its data set."""
    dataset = campaigns(station_mode).pipeline.dataset
    if dataset.name != "uci-har":
        pytest.skip(f"the paper is about UCI-HAR, this run is on the {dataset.name} data set")


def _expected(request: pytest.FixtureRequest) -> str:
    """Why the test is expected to fail; empty if it is not."""
    marker = request.node.get_closest_marker("xfail")
    return str(marker.kwargs.get("reason", "")) if marker else ""


@pytest.fixture
def claim(
    request: pytest.FixtureRequest,
    matrix: Matrix,
    station_mode: Mode,
    campaigns: Callable[[Mode], Campaign],
    record_property: Callable[[str, object], None],
) -> Callable[[Callable[[Matrix], Finding]], Finding]:
    """Ask a claim of the matrix and keep what it found."""

    def ask(question: Callable[[Matrix], Finding]) -> Finding:
        try:
            finding = question(matrix)
        except MissingError as error:
            pytest.skip(str(error))
        record_property(finding.claim, str(finding))
        campaigns(station_mode).folder.write(finding.claim, finding.record(_expected(request)))
        return finding

    return ask
