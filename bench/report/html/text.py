"""Numbers as people read them: with prefixes, thousands and no more digits than are known."""

import math

_PREFIXES = {-9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M"}
_PREFIXED = frozenset({"J", "W", "s", "A", "V", "Hz", "C", "F", "ohm"})
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
NONE = "–"


def number(value: float, decimals: int) -> str:
    """With thousands separated and a real minus sign."""
    if not math.isfinite(value):
        return "∞" if value > 0 else "−∞" if value < 0 else "undefined"
    return f"{value:,.{decimals}f}".replace("-", "−")


def significant(value: float, digits: int = 4) -> str:
    """With so many significant digits; very small and very large ones as powers of ten."""
    if not math.isfinite(value) or (value == round(value) and abs(value) < 10**digits):
        return number(value, 0)
    exponent = math.floor(math.log10(abs(value)))
    if -4 < exponent < 7:
        return number(value, max(0, digits - 1 - exponent))
    mantissa, power = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa} × 10{str(int(power)).translate(_RAISED)}".replace("-", "−")


def quantity(value: float, unit: str, digits: int = 4) -> str:
    """A value in its unit; seconds, joules, watts and the like with the prefix that suits."""
    if unit == "B":
        return f"{number(value, 0)} B"
    factor, name = _scaled(value, unit)
    return f"{significant(value / factor, digits)}{name}"


def measured(value: float, expanded: float, unit: str) -> str:
    """A value with its expanded uncertainty, both to the uncertainty's second digit."""
    if not expanded > 0.0 or not math.isfinite(expanded):
        return quantity(value, unit)
    factor, name = _scaled(value, unit)
    decimals = decimals_of(expanded / factor, 2)
    return f"{number(value / factor, decimals)} ± {number(expanded / factor, decimals)}{name}"


def span(least: float, most: float, unit: str, digits: int = 3) -> str:
    """From one value to another, both with the prefix that suits the larger."""
    factor, name = _scaled(most, unit)
    return f"{significant(least / factor, digits)} to {significant(most / factor, digits)}{name}"


def percent(share: float, decimals: int = 1) -> str:
    """A share in percent."""
    return f"{number(share * 100.0, decimals)} %"


def decimals_of(smallest: float, digits: int = 1) -> int:
    """How many decimals show `smallest` with so many significant digits."""
    if smallest <= 0.0 or not math.isfinite(smallest):
        return 0
    return max(0, digits - 1 - math.floor(math.log10(smallest)))


def _scaled(value: float, unit: str) -> tuple[float, str]:
    """What to divide by, and the unit after a space with the prefix for it."""
    if unit in ("", "1"):
        return 1.0, ""
    if unit not in _PREFIXED or value == 0.0 or not math.isfinite(value):
        return 1.0, f" {unit}"
    thirds = 3 * math.floor(math.log10(abs(value)) / 3)
    power = min(max(thirds, min(_PREFIXES)), max(_PREFIXES))
    return 10.0**power, f" {_PREFIXES[power]}{unit}"
