"""What is said when a device falls silent or answers wrongly: the cause, not the symptom."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from bench.device.errors import BrownOutError, DeviceSilentError
from bench.errors import BenchError, DeviceError, DigitizerError, MeasurementError
from bench.instruments.registry import open_supply
from bench.run.golden import UnsteadyOutputsError
from bench.run.power import power_explains
from bench.station.machine import LeasedStation, PowerLostError
from bench.twin import faults, runtime
from bench.twin.equipment import Equipment
from bench.twin.esp32.application import ApplicationHost
from bench.twin.esp32.interposed import Interposed
from bench.twin.faults import Fault
from bench.twin.runtime import Engine, Values
from tests.served import served_supply
from tests.twin.tiny_models import staged, subject, workbench


@contextmanager
def powered() -> Iterator[LeasedStation]:
    with served_supply() as served, LeasedStation(served.station) as leased:
        leased.configure()
        leased.power_on()
        yield leased


@pytest.mark.parametrize(
    "error", [DeviceSilentError("it"), DigitizerError("it"), MeasurementError("it")]
)
def test_a_supply_that_has_switched_off_is_the_cause(error: BenchError) -> None:
    with powered() as leased:
        tripped = open_supply(leased.station.supply)  # which switches off
        with pytest.raises(PowerLostError, match="300 mA or") as caught, power_explains(leased):
            raise error
        tripped.close()
    assert caught.value.__cause__ is error


def test_a_supply_that_is_on_explains_nothing() -> None:
    silent = pytest.raises(DeviceSilentError, match="it")
    with powered() as leased, silent, power_explains(leased):
        raise DeviceSilentError("it")


def test_an_error_without_power_is_left_as_it_is() -> None:
    with powered() as leased:
        leased.power_off()
        with pytest.raises(DeviceError, match="it"), power_explains(leased):
            raise DeviceError("it")


class Greedy(Interposed):
    """Draws more than the shunt can carry while the marker is high."""

    _high = False

    def marker(self, level: bool) -> None:
        self._high = level
        super().marker(level)

    def run(self, steps: object, repeat: int = 1) -> None:
        assert isinstance(steps, list | tuple)
        super().run([(0.12 if self._high else amps, s) for amps, s in steps], repeat)


@dataclass
class Unsteady:
    """Gives each class its neighbour's output the first time that it is asked at all."""

    engine: Engine
    calls: Iterator[int] = field(default_factory=count)

    def invoke(self, values: Values) -> Values:
        outputs = self.engine.invoke(values)
        return np.roll(outputs, 1) if next(self.calls) == 0 else outputs


def once_unsteady() -> Callable[[Equipment], Equipment]:
    calls = count()

    def load(*arguments: object) -> runtime.Runtime:
        loaded = runtime.load(*arguments)  # type: ignore[arg-type]  # whatever `Loader` takes
        return replace(loaded, engine=Unsteady(loaded.engine, calls))

    return lambda parts: replace(parts, load=load)


def greedy(parts: Equipment) -> Equipment:
    def host(inner: ApplicationHost) -> ApplicationHost:
        return Greedy(inner)

    return replace(parts, host=host)


def test_a_brown_out_while_inferring_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faults, "FAULTS", {"greedy": Fault("for this test", greedy)})
    with staged("greedy") as stage, workbench(stage.station, tmp_path) as bench:
        with pytest.raises(BrownOutError, match=r"restarted in 'infer .*raise the supply's"):
            bench.measure(subject("tiny-L"))
        assert not stage.is_on


def test_wrong_outputs_that_do_not_come_again_are_not_the_variants_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faults, "FAULTS", {"once": Fault("for this test", once_unsteady())})
    with staged("once") as stage, workbench(stage.station, tmp_path, attempts=2) as bench:
        result = bench.measure(subject("tiny-L"))
    (first,) = result.errors
    assert first.startswith(f"{UnsteadyOutputsError.__name__}: device: the golden windows gave")
    assert first.count("golden outputs: ") == 2
    assert "NOT kept" in first
    assert "then golden outputs: kept" in first
    assert result.runs
    assert result.measured is not None


def test_wrong_outputs_that_come_again_are_the_variants() -> None:
    with (
        staged("outputs-wrong") as stage,
        workbench(stage.station, Path(), attempts=2) as bench,
    ):
        result = bench.measure(subject("tiny-L"))
    assert result.errors == []
    assert str(result.steps[-1]).endswith("a repeat gave the same outputs)")
