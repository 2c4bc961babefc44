"""The bench's pytest plugin: options, marks, parametrisation. The work is in `bench.run`.

``pytest -m sim`` runs every variant on the simulated lab, ``pytest -m hw --station=FILE`` on a real
one. Each variant has ``test_fits``, ``test_accuracy``, ``test_energy`` and ``test_live``; a base
has ``test_accuracy``. ``--help`` tells the options.
"""

import sys
from typing import Any

import pytest

from bench.errors import BenchError
from bench.report.files import PAGE
from bench.run.command_line import add_options
from bench.run.judged import VerdictWarning
from bench.run.scheduler import NetworkScheduling, in_order_of_work
from bench.run.selection import Case, Selection
from bench.run.session import SESSION, Session
from bench.run.summary import summary_lines

pytest_plugins = ("bench.fixtures",)
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
    config.stash[SESSION] = session
    if "hw" in session.asked.modes and getattr(config.option, "numprocesses", None):
        session.require_station()  # with workers nothing is collected here, and they can only crash
    if session.report is not None and not config.option.xmlpath:
        config.option.xmlpath = str(session.report / "junit.xml")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Nothing of a run without a report stays; what no summary has told is told."""
    if SESSION in config.stash:
        session = config.stash[SESSION]
        session.clean_up()
        if not session.worker:
            for trouble in session.untold():
                print(trouble, file=sys.stderr)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Tell data set, split and station before anything runs."""
    return config.stash[SESSION].header()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test its cases, in each mode that this run may have."""
    session = metafunc.config.stash[SESSION]
    for name, cases_of in _CASES.items():
        if name in metafunc.fixturenames:
            cases = cases_of(session.asked.selection, session.asked.modes)
            metafunc.parametrize(name, [_marked(case) for case in cases], indirect=True)
    if "station_mode" in metafunc.fixturenames and not _CASES.keys() & set(metafunc.fixturenames):
        modes = session.asked.modes
        marked = [pytest.param(mode, marks=getattr(pytest.mark, mode)) for mode in modes]
        metafunc.parametrize("station_mode", marked, indirect=True)


def _marked(case: Case) -> Any:
    return pytest.param(case, id=case.id, marks=getattr(pytest.mark, case.mode))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse what cannot be run; put a variant's tests together, the whole matrix's last."""
    session = config.stash[SESSION]
    if any(item.get_closest_marker("hw") for item in items):
        session.require_station()
    items[:] = in_order_of_work(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep a network's tests on one worker, and hold back the tests of the whole matrix.

    Whatever ``--dist`` says: a gate that is asked too early finds nothing to judge, and is skipped.
    Under ``each`` every worker runs all tests, in the order of work.
    """
    return None if config.getvalue("dist") == "each" else NetworkScheduling(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Let all workers write into one folder, work on the same data, and tell of it."""
    session = node.config.stash[SESSION]
    # Not by `workeroutput`: after Ctrl-C nobody reads it any more.
    troubles = node.gateway.newchannel()
    troubles.setcallback(session.troubles.append)
    node.workerinput.update(session.for_workers(), troubles=troubles)
    if session.watched is not None:
        node.workerinput["news"] = session.watched.line_to(node)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Close the bench; the process that started the run also writes the report."""
    bench = session.config.stash[SESSION]
    try:
        bench.finish(_why_early(session, exitstatus))
    except BenchError as error:
        pytest.exit(str(error), returncode=pytest.ExitCode.INTERNAL_ERROR)
    if bench.worker:
        _hand_over(bench.troubles, session.config.workerinput["troubles"])  # type: ignore[attr-defined]  # xdist's
    elif bench.troubles:
        session.exitstatus = pytest.ExitCode.INTERNAL_ERROR


def _hand_over(troubles: list[str], channel: Any) -> None:
    """Tell the process that started the run; where it is gone, whoever reads standard error."""
    for trouble in troubles:
        try:
            channel.send(trouble)
        except OSError:
            print(trouble, file=sys.stderr)


def _why_early(session: pytest.Session, exitstatus: int) -> str:
    codes = pytest.ExitCode
    if exitstatus == codes.INTERNAL_ERROR:
        return "internal error"
    stopped = session.shouldfail or session.shouldstop
    ended = exitstatus in (codes.OK, codes.TESTS_FAILED, codes.NO_TESTS_COLLECTED)
    return str(stopped or ("" if ended else "interrupted"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show a row for each variant, and at last what could not be closed."""
    session = terminalreporter.config.stash[SESSION]
    if session.result is not None:
        terminalreporter.section("bench")
        for line in summary_lines(session.result, terminalreporter._tw.fullwidth):  # noqa: SLF001
            terminalreporter.write_line(line)
        if session.report is not None:
            terminalreporter.write_line(f"report: {session.report / PAGE}")
    for trouble in session.untold():
        terminalreporter.write_line(trouble, red=True, bold=True)
