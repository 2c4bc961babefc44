"""Verdicts as a symbol, a word and a colour, so that none of the three is needed."""

from markupsafe import Markup

from bench.report.html.svg import element

_GOOD = ("good", "✓")
_BAD = ("bad", "✗")
_OPEN = ("open", "?")
_NONE = ("none", "–")
_LOOKS = {
    "runs": _GOOD,
    "pass": _GOOD,
    "agrees": _GOOD,
    "kept": _GOOD,
    "fits": _GOOD,
    "better": _GOOD,
    "same": _GOOD,
    "ok": _GOOD,
    "measured": _GOOD,
    "conditional pass": ("good", "(✓)"),
    "fail": _BAD,
    "conditional fail": ("bad", "(✗)"),
    "contradicts": _BAD,
    "differs": ("open", "≠"),
    "does not fit": _BAD,
    "not kept": _BAD,
    "worse": _BAD,
    "failed": _BAD,
    "bench error": ("bad", "!"),
    "undecided": _OPEN,
    "inconclusive": _OPEN,
    "calibrated": ("open", "≈"),
    "skipped": _NONE,
    "not possible": _NONE,
    "not run": _NONE,
}


def verdict(word: str) -> Markup:
    """A verdict; a word that is not known gets no symbol."""
    css, symbol = _LOOKS.get(word, ("none", ""))
    sign = element("span", symbol, class_="sign", aria_hidden="true")
    return element("span", sign, word, class_=f"verdict {css}")


def sign(word: str, tip: str = "") -> Markup:
    """A verdict's symbol alone, with its word for those who cannot see it."""
    css, symbol = _LOOKS.get(word, ("none", word))
    hidden = element("span", tip or word, class_="unseen")
    mark = element("span", symbol, aria_hidden="true")
    return element("span", mark, hidden, class_=f"verdict {css}", title=tip or None)
