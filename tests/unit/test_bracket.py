"""A window must hold the work: marker edges that come late for trigger and recording alike."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.measurement.bracket import TOLERANCE, check_bracket
from bench.measurement.energy import Circuit
from bench.measurement.integrity import MarkerLateError
from bench.measurement.trace import Trace
from bench.measurement.windows import Window

RATE = 100e3
CIRCUIT = Circuit(9.8, 10e-6)
BEGIN, SAMPLES, INFERENCES = 200, 10_000, 20
IDLE, BUSY, STALLED = 28e-3, 42e-3, 34e-3


def recorded(late: int, waiting: float) -> tuple[Trace, Window]:
    """Twenty inferences of two halves, then waiting; the marker `late` samples behind both ends."""
    halves = np.where(np.arange(SAMPLES) // (SAMPLES // INFERENCES // 2) % 2, STALLED, BUSY)
    amps = np.concatenate([halves[-BEGIN:], halves, np.full(2000, waiting)])
    shunt = amps * CIRCUIT.shunt
    trace = Trace(RATE, BEGIN, np.full(len(amps), 3.3), shunt, np.zeros(len(amps)))
    return trace, Window(BEGIN + late, BEGIN + late + SAMPLES - 1.0)


def test_the_work_within_its_marks_is_accepted() -> None:
    trace, window = recorded(0, IDLE)
    assert check_bracket(trace, window, INFERENCES, CIRCUIT) == pytest.approx(0.0, abs=0.005)


@given(st.integers(150, 1900))
def test_a_marker_that_follows_late_is_an_error(late: int) -> None:
    trace, window = recorded(late, IDLE)
    with pytest.raises(MarkerLateError, match="falls later or earlier than the work ends"):
        check_bracket(trace, window, INFERENCES, CIRCUIT)


@given(st.integers(0, 1900))
def test_what_is_accepted_has_nearly_the_right_charge(late: int) -> None:
    trace, window = recorded(late, 36e-3)
    try:
        check_bracket(trace, window, INFERENCES, CIRCUIT)
    except MarkerLateError:
        return
    begin, end = int(window.begin), int(window.end)
    charge = trace.shunt[begin:end].sum() / trace.shunt[BEGIN : BEGIN + SAMPLES - 1].sum() - 1.0
    assert abs(charge) < TOLERANCE / INFERENCES + 0.002
