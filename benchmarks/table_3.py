"""Table 3 cell by cell, with our differences: ``python -m benchmarks.table_3``.

Prints Markdown; ``--to docs/table-3.md`` writes it. Published cells and explanations are those that
``test_paper.py`` asks, where a cell with an explanation must differ and any other must not.
"""

import argparse
from itertools import groupby
from pathlib import Path
from textwrap import fill

from bench.device.deployability import PAPER_APP_RANGE
from bench.run.table3 import Cell, table_3_cells

HEAD = """# Where we differ from Table 3

Made by `python -m benchmarks.table_3 --to docs/table-3.md`. The paper's Table 3 tells which
variants fit the device. We ask the same in the authors' layout, the model as a C array in an
application of 1 MB, and in the bench's own, where the device then also gives the outputs that it
should. `test_table_3` in `tests/characterisation/test_paper.py` asks every cell in each run; a cell
that this page says differs must do so in the simulated lab, and no other may.

| network | L | D | F |
|---|---|---|---|
"""
CALIBRATED = """
\\* Counts as no agreement. The size of the authors' application is not published; without a build
by ESP-IDF it is inferred from this very column, {low:,} to {high:,} B. With one, and with
`pytest -m sim --profile paper --build`, it is that build's.
"""


def page() -> str:
    """The page, as Markdown."""
    cells = table_3_cells()
    rows = "".join(
        f"| {network} | {' | '.join(map(_text, row))} |\n"
        for network, row in groupby(cells, key=lambda cell: cell.network)
    )
    low, high = PAPER_APP_RANGE
    return HEAD + rows + CALIBRATED.format(low=low, high=high) + _differences(cells)


def _text(cell: Cell) -> str:
    published = _verdict(cell.fits)
    if cell.explanation:
        return f"published: {published}; **ours: {_verdict(not cell.fits)}**"
    return f"{published}\\*" if cell.calibrated else published


def _verdict(fits: bool) -> str:
    return "fits" if fits else "does not fit"


def _differences(cells: list[Cell]) -> str:
    differing = [cell for cell in cells if cell.explanation]
    parts = [f"\n## The {len(differing)} that differ, of {len(cells)}\n"]
    for explanation, group in groupby(differing, key=lambda cell: cell.explanation):
        text = f"**{', '.join(map(str, group))}**: {explanation}."
        parts.append("\n" + fill(text, 100, break_on_hyphens=False) + "\n")
    return "".join(parts)


def main() -> None:
    """Print or write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, help="Markdown file to write instead of printing")
    to = parser.parse_args().to
    if to is None:
        print(page(), end="")
    else:
        to.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
