"""Whether a window holds the work: its last inferences must draw what all of them do.

Trigger and recorded marker come from one line, so a line that follows its pin late is late for
both, and no comparison of clocks shows it: the window has the right length and holds, at its end,
a stretch in which the device already waits.
"""

import math

from bench.measurement.energy import Circuit, window_energy
from bench.measurement.integrity import MarkerLateError
from bench.measurement.trace import Trace
from bench.measurement.windows import Window

SHORTEST = 2e-3
"""s that are looked at, at least: hundreds of samples, so that the edges of one hardly matter."""

TOLERANCE = 0.02
"""Relative difference that is allowed: inferences of one input draw the same but for interrupts.

A window's energy is then off by at most so much of the share that is looked at: 0.01 % where that
is 2 ms of 0.5 s, 0.2 % where it is one inference of ten.
"""


def check_bracket(trace: Trace, window: Window, inferences: int, circuit: Circuit) -> float:
    """Compare the mean current of a window's last inferences with that of the whole window.

    Args:
        trace: With the window in it.
        window: From the marker's rise to its fall.
        inferences: Between the two.
        circuit: Shunt and decoupling.

    Returns:
        The relative difference.

    Raises:
        MarkerLateError: It is more than `TOLERANCE`.
    """
    latency = window.samples / trace.rate / inferences
    count = min(inferences, math.ceil(SHORTEST / latency))
    begin = window.end - window.samples * count / inferences
    last = window_energy(trace, Window(begin, window.end), circuit).mean_current
    mean = window_energy(trace, window, circuit).mean_current
    difference = last / mean - 1.0 if mean else math.inf
    if not abs(difference) <= TOLERANCE:
        raise MarkerLateError(
            f"trace: the last {count} of {inferences} inferences draw {last * 1e3:.4g} mA, all "
            f"{mean * 1e3:.4g} mA ({difference:+.1%}, wanted at most {TOLERANCE:.0%}); the marker "
            "falls later or earlier than the work ends: check its line, and that nothing else "
            "draws current beside the inferences"
        )
    return difference
