"""How long a report's page takes to build, how large it is, and how soon it can be used.

    python -m benchmarks.report_page [--report reports/sim]

Building is set beside reading the trace files alone, which it cannot do without. In Chromium, if it
is installed: from the start of navigation until the page has loaded, then until a click on a column
has sorted the table and another has drawn a waveform, all laid out. The budgets are 15 MB and 2 s.
"""

import argparse
import shutil
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from bench.measurement.trace import load
from bench.report.files import REPORT, TRACES, load_report
from bench.report.html.page import render
from bench.report.record import Report

BUDGET_BYTES = 15_000_000
BUDGET_SECONDS = 2.0
USED = """() => {
  const laidOut = () => document.body.offsetHeight;
  const loaded = performance.getEntriesByType("navigation")[0].loadEventEnd;
  const timed = (action) => { const begin = performance.now(); action(); laidOut(); return performance.now() - begin; };
  return [loaded, timed(() => document.querySelectorAll(".sort")[2].click()), timed(() => document.querySelector(".unfold").click())];
}"""  # noqa: E501


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--report", type=Path, default=Path("reports/sim"), metavar="DIR")
    folder = parser.parse_args().report
    if not (folder / REPORT).exists():
        print(f"not measured: {folder} has no {REPORT}; first: make sim")
        return
    report = load_report(folder / REPORT)
    reading = _read_traces(report, folder / TRACES)
    begin = time.perf_counter()
    page = render(report, folder / TRACES)
    building = time.perf_counter() - begin
    size = len(page.encode())
    windows = sum(len(r.measurement.windows) for r in report.variants if r.measurement)
    print(f"{len(report.variants)} variants, {windows} windows")
    print(f"built in {building:.1f} s, {building / reading:.1f} times reading the traces alone")
    print(f"{size / 1e6:.1f} MB, {size / BUDGET_BYTES:.0%} of the budget")
    _print_use(page)


def _read_traces(report: Report, traces: Path) -> float:
    begin = time.perf_counter()
    for record in report.variants:
        for window in record.measurement.windows if record.measurement else ():
            load(traces / window.trace, window.sha256)
    return time.perf_counter() - begin


def _print_use(page: str) -> None:
    program = shutil.which("chromium")
    if program is None:
        print("in a browser: not measured, no chromium is installed")
        return
    with tempfile.TemporaryDirectory(prefix="har-page-") as folder, sync_playwright() as playwright:
        path = Path(folder) / "report.html"
        path.write_text(page, encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        tab = browser.new_page()
        tab.goto(path.as_uri())
        loaded, sorted_in, drawn_in = (value / 1e3 for value in tab.evaluate(USED))
        browser.close()
    total = loaded + sorted_in + drawn_in
    print(
        f"in Chromium: loaded after {loaded:.2f} s, sorted in {sorted_in:.2f} s, a waveform drawn "
        f"in {drawn_in:.2f} s: {total / BUDGET_SECONDS:.0%} of the budget"
    )


if __name__ == "__main__":
    main()
