"""How tests are shared out among workers."""

import json
from pathlib import Path

import pytest

from bench.run.scheduler import scope_of

pytest_plugins = ("pytester",)

CONFTEST = """
import json, time
import pytest
from pathlib import Path
from bench.plugin import pytest_xdist_make_scheduler
from bench.run.scheduler import in_order_of_work

def pytest_collection_modifyitems(items):
    items[:] = in_order_of_work(items)

def pytest_configure(config):
    global worker
    worker = getattr(config, "workerinput", {}).get("workerid")

def pytest_runtest_call(item):  # before anybody is told that it has ended
    entry = [worker, item.nodeid, time.monotonic()]
    with open(Path(__file__).parent / "log", "a") as file:
        file.write(json.dumps(entry) + "\\n")
"""
CASES = """
import pytest
cases = [f"sim-{{net}}-{{t}}" for net in "ABCDE" for t in "LDF"]

@pytest.mark.parametrize("case", cases)
def test_{stage}(case):
    pass
"""
STAGES = ("fits", "accuracy", "energy", "live")
PAPER = """
import pytest
@pytest.mark.parametrize("n", range(9))
def test_claim(n):
    pass
"""


def run(pytester: pytest.Pytester, workers: int, *arguments: str) -> list[tuple[str, str]]:
    pytester.makeconftest(CONFTEST)
    files = {f"test_{stage}": CASES.format(stage=stage) for stage in STAGES}
    pytester.makepyfile(**files, test_paper=PAPER)
    result = pytester.runpytest_subprocess("-n", str(workers), "-p", "no:cacheprovider", *arguments)
    result.assert_outcomes(passed=5 * 3 * 4 + 9)
    log = Path(pytester.path, "log").read_text(encoding="utf-8").splitlines()
    entries = sorted((json.loads(line) for line in log), key=lambda entry: entry[2])
    return [(worker, nodeid) for worker, nodeid, _ in entries]


@pytest.mark.parametrize(
    ("workers", "arguments"),
    [(1, ()), (2, ()), (3, ()), (2, ("--dist=worksteal",))],
)
def test_the_whole_matrix_is_asked_last(
    pytester: pytest.Pytester, workers: int, arguments: tuple[str, ...]
) -> None:
    order = ["test_paper" in nodeid for _, nodeid in run(pytester, workers, *arguments)]
    assert order == sorted(order)


def test_a_network_stays_on_one_worker(pytester: pytest.Pytester) -> None:
    workers: dict[str, set[str]] = {}
    for worker, nodeid in run(pytester, 2):
        workers.setdefault(scope_of(nodeid), set()).add(worker)
    assert all(len(where) == 1 for where in workers.values())
    assert len(workers) == 6


def test_a_variants_tests_follow_each_other(pytester: pytest.Pytester) -> None:
    tests = [nodeid for _, nodeid in run(pytester, 1) if "sim-" in nodeid]
    for at in range(0, len(tests), len(STAGES)):
        of_variant = tests[at : at + len(STAGES)]
        for stage, nodeid in zip(STAGES, of_variant, strict=True):
            assert f"test_{stage}[" in nodeid
        assert len({nodeid.split("[")[1] for nodeid in of_variant}) == 1


@pytest.mark.parametrize(
    ("nodeid", "scope"),
    [
        ("tests/characterisation/test_fits.py::test_fits[sim-CL_3-L]", "network CL_3"),
        ("tests/characterisation/test_accuracy.py::test_accuracy[hw-C_1-base]", "network C_1"),
        ("t.py::test_energy[sim-my-net-own]", "network my-net"),
        ("tests/unit/test_x.py::test_fits_well", "tests/unit/test_x.py"),
    ],
)
def test_scope(nodeid: str, scope: str) -> None:
    assert scope_of(nodeid) == scope
