"""Which application is on the device: the user's own flashing, a wrong one, none, a build's."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from bench.device.deployability import BENCH
from bench.device.errors import DeviceSilentError
from bench.device.firmware import FIRMWARE, FirmwareError
from bench.device.firmware_build import Build
from bench.device.images import APP_OFFSET, MODEL_PARTITION_OFFSET, encode_model
from bench.run.measure import Workbench
from bench.run.places import real_place
from bench.run.subject import Settings
from bench.twin.esp32.image import application_image
from bench.twin.lab import firmware_parts
from bench.twin.url_handler import environment, register
from tests.served import STATIONS
from tests.twin.tiny_models import Stage, staged, subject


def flash(stage: Stage, parts: Mapping[int, bytes]) -> None:
    """As the user has done it, once and for all."""
    with stage.lab.world.lock:
        for offset, data in parts.items():
            stage.lab.chip.flash.program(offset, data)


def at_hand(stage: Stage, traces: Path) -> Workbench:
    """A bench as on hardware: it flashes no firmware of its own."""
    register()
    place = real_place(STATIONS / "twin.toml")
    settings = Settings(
        profile=BENCH, model_offset=MODEL_PARTITION_OFFSET, traces=traces, windows=1, attempts=1
    )
    return Workbench(stage.station, settings, place.firmware, environment({}))


def test_on_hardware_the_model_partition_alone_is_flashed(tmp_path: Path) -> None:
    with staged() as stage:
        flash(stage, firmware_parts())
        before = stage.lab.chip.flash.read(0, MODEL_PARTITION_OFFSET)
        with at_hand(stage, tmp_path) as bench:
            assert bench.measure(subject("tiny-F")).runs
        assert stage.lab.chip.flash.read(0, MODEL_PARTITION_OFFSET) == before


def test_a_device_without_firmware_says_to_build_and_flash_it(tmp_path: Path) -> None:
    with (
        staged() as stage,
        at_hand(stage, tmp_path) as bench,
        pytest.raises(DeviceSilentError, match=r"build and flash the firmware in firmware/"),
    ):
        bench.measure(subject("tiny-F"))


@pytest.mark.parametrize("said", [("another", "0.1.0"), (FIRMWARE, "0.0.9")])
def test_another_firmware_is_refused(said: tuple[str, str], tmp_path: Path) -> None:
    with staged() as stage:
        flash(stage, firmware_parts() | {APP_OFFSET: application_image(*said)})
        seen = rf"device runs '{said[0]} {said[1]}', wanted 'har-energy-bench 0.1.0': build and"
        with at_hand(stage, tmp_path) as bench, pytest.raises(FirmwareError, match=seen):
            bench.measure(subject("tiny-F"))


def test_a_build_is_flashed_whole_and_judged_by_its_own_size(tmp_path: Path) -> None:
    one = subject("tiny-F")
    # The twin's application reads its model from a partition, so the build has one beside it.
    image = application_image(FIRMWARE, "0.1.0", 400 << 10, content=one.image.model)
    parts = {APP_OFFSET: image, MODEL_PARTITION_OFFSET: encode_model(one.image)}
    with staged() as stage, at_hand(stage, tmp_path) as bench:
        result = bench.measure(replace(one, build=Build(firmware_parts() | parts)))
    assert result.runs
    (step,) = [step for step in result.steps if step.name == "flash"]
    assert (step.figure, step.limit) == (400 << 10, 1 << 20)
