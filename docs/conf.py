"""How the documentation is built: ``make docs``. Warnings are errors, and nothing is downloaded."""

import re
import sys
from pathlib import Path

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

sys.path.insert(0, str(Path(__file__).parents[1]))

project = "har-energy-bench"
author = "the authors of har-energy-bench"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "examples"]
default_role = "code"  # what docstrings put between single backquotes

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

# The extension points name types of other libraries, whose documentation is not looked up.
nitpick_ignore_regex = [
    ("py:.*", r"(collections|typing|numpy|np|pathlib|pydantic)\..*"),
    ("py:.*", r"Self|Iterator|Sequence|NDArray|Floats|InputChannel|Text"),
    ("py:.*", r"bench\.station\.settings\..*"),
]
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "undoc-members": False}
napoleon_google_docstring = True
napoleon_use_ivar = True

html_theme = "furo"
html_title = "har-energy-bench"
html_show_sourcelink = False
html_copy_source = False
html_math_renderer = "mathml"


def _inline_math(writer: HTML5Translator, node: nodes.math) -> None:
    writer.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def _display_math(writer: HTML5Translator, node: nodes.math_block) -> None:
    formula = tex2mathml(node.astext(), as_block=True)
    writer.body.append(f'<div class="math" style="padding: 0.5em 0">{formula}</div>\n')
    raise nodes.SkipNode


def _link_within_site(app: Sphinx, page: str, source: list[str]) -> None:
    """On the site, the firmware's description is a page, and folders are names alone."""
    here = Path(app.srcdir, page).parent

    def linked(match: re.Match[str]) -> str:
        text, target = match.groups()
        if target.endswith("firmware/README.md"):
            return f"[{text}](/firmware.md)"
        return f"`{text.strip('`')}`" if (here / target).is_dir() else match[0]

    source[0] = re.sub(r"(?<!!)\[([^\[\]]+)\]\((\.\./[^()#\s]+)\)", linked, source[0])


def setup(app: Sphinx) -> None:
    """Formulas become MathML, which browsers draw without a script."""
    app.add_html_math_renderer("mathml", (_inline_math, None), (_display_math, None))
    app.connect("source-read", _link_within_site)
