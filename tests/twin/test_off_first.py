"""Whoever wants out, or has lost the supply, gets the output off before anything slow is done."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bench.device.flash import Flasher
from bench.errors import DeviceError
from bench.instruments import nidaq
from bench.instruments.registry import open_digitizer
from bench.instruments.supply import SupplyConnectionError
from bench.run.power import off_first
from bench.station.configuration import Station
from bench.station.machine import LeasedStation
from tests.proxy import Proxy
from tests.twin.tiny_models import Stage, staged

SILENT = "import threading; threading.Event().wait()"


class WantsOutError(BaseException):
    """No error of the bench, such as a time-out of pytest's."""


@contextmanager
def powered(station: Station, locks: Path) -> Iterator[LeasedStation]:
    with LeasedStation(station, locks=locks) as leased:
        leased.configure()
        leased.power_on()
        yield leased


def silent_flasher(folder: Path, leased: LeasedStation) -> Flasher:
    """Runs a program that says nothing and does not end."""
    (folder / "esptool.py").write_text(SILENT)
    environment = {"PYTHONPATH": str(folder)}
    return Flasher("none", 921600, "esp32", None, 60.0, environment, meanwhile=leased.watch)


def leave(stage: Stage, leased: LeasedStation, what: str) -> None:
    """Want out in the midst of an acquisition."""
    card, inputs = stage.station.digitizer, stage.station.digitizer.channels
    digitizer = open_digitizer(card, leased.leave_off)
    try:
        if what == "armed":
            with digitizer.arm(inputs, rate=1e5, before=10, after=10, trigger=card.trigger):
                raise WantsOutError
        with digitizer.stream(inputs, rate=1e5, block=100):
            raise WantsOutError
    finally:
        digitizer.close()


@pytest.mark.parametrize("what", ["armed", "streaming"])
def test_the_output_is_off_before_the_card_is_asked_to_clear_its_task(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clear, was_on = nidaq._clear, []

    def seen(task: Any) -> None:
        was_on.append(stage.is_on)
        clear(task)

    with staged() as stage, powered(stage.station, tmp_path) as leased:
        assert stage.is_on
        monkeypatch.setattr(nidaq, "_clear", seen)
        with pytest.raises(WantsOutError):
            leave(stage, leased, what)
    assert was_on[-1] is False


def test_the_output_is_off_before_the_console_is_closed(tmp_path: Path) -> None:
    with staged() as stage, powered(stage.station, tmp_path) as leased:
        with pytest.raises(WantsOutError), off_first(leased):
            raise WantsOutError
        assert not stage.is_on


def test_after_an_error_of_the_device_the_supply_can_still_be_asked(tmp_path: Path) -> None:
    with staged() as stage, powered(stage.station, tmp_path) as leased:
        with pytest.raises(DeviceError), off_first(leased):
            raise DeviceError("silent")
        leased.check_power()


def test_a_supply_that_is_lost_while_flashing_is_noticed_at_once(tmp_path: Path) -> None:
    with staged() as stage, Proxy(int(stage.station.supply.resource.split("::")[2])) as proxy:
        supply = stage.station.supply.model_copy(update={"resource": proxy.resource})
        station = stage.station.model_copy(update={"supply": supply})
        with powered(station, tmp_path) as leased:
            proxy.refuse(1)
            with pytest.raises(SupplyConnectionError):
                silent_flasher(tmp_path, leased).identify()  # else it would not end
            assert not stage.is_on
