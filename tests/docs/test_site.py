"""The built documentation: complete, and readable without a network. Run by ``make docs``."""

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from filelock import FileLock

from tests.docs.pages import ROOT

pytest.importorskip("sphinx", reason="without the extra docs nothing is built: make docs")

LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}
"""Elements whose address a browser follows by itself."""


class Addresses(HTMLParser):
    """Collects what a page loads, and its elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.elements: list[str] = []
        self.ids: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        attributes = dict(attrs)
        if address := attributes.get(LOADED.get(tag, ""), ""):
            self.loaded.append(address)
        if identifier := attributes.get("id"):
            self.ids.add(identifier)


@pytest.fixture(scope="module")
def site() -> Path:
    """The site, built where ``make docs`` has just built it, so that little is left to do."""
    folder = ROOT / "build" / "docs"
    build = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q", "-b", "html"]
    folder.parent.mkdir(exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        done = subprocess.run(
            [*build, str(ROOT / "docs"), str(folder)], capture_output=True, encoding="utf-8"
        )
    assert done.returncode == 0, done.stderr
    return folder


def page(site: Path, name: str) -> Addresses:
    return Addresses((site / f"{name}.html").read_text(encoding="utf-8"))


def test_every_page_is_there(site: Path) -> None:
    sources = {path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")}
    assert {
        source for source in sources if not (site / source.with_suffix(".html")).exists()
    } == set()


def test_nothing_is_loaded_from_a_network(site: Path) -> None:
    for file in site.rglob("*.html"):
        found = Addresses(file.read_text(encoding="utf-8")).loaded
        assert [address for address in found if "//" in address] == [], file.name
    for file in site.rglob("*.css"):
        style = file.read_text(encoding="utf-8")
        assert not any(word in style for word in ("url(http", "url(//", "@import"))


def test_formulas_need_no_script(site: Path) -> None:
    found = page(site, "energy")
    assert found.elements.count("math") > 10
    assert not any("mathjax" in address.lower() for address in found.loaded)


@pytest.mark.parametrize(
    "name",
    [
        "bench.instruments.supply.Supply.voltage",
        "bench.instruments.supply.switch_off",
        "bench.instruments.supply.SettingNotAcceptedError",
        "bench.instruments.digitizer.Digitizer.arm",
        "bench.instruments.digitizer.SamplesLostError",
        "bench.errors.BenchError",
    ],
)
def test_extension_points_have_a_reference(site: Path, name: str) -> None:
    assert name in page(site, "extension-points").ids


def test_the_firmwares_description_is_a_page_that_others_link_to(site: Path) -> None:
    assert "one-supply" in page(site, "firmware").ids
    assert 'href="firmware.html"' in (site / "wiring.html").read_text(encoding="utf-8")


def test_the_wiring_is_drawn(site: Path) -> None:
    (drawing,) = [name for name in page(site, "wiring").loaded if name.endswith("wiring.svg")]
    text = (site / drawing).read_text(encoding="utf-8")
    assert all(pin in text for pin in ("3V3", "GPIO25", "ai0+", "ai1−", "PFI0", "GPIO21", "4.7 kΩ"))
    assert "prefers-color-scheme: dark" in text
