"""Builds of the firmware around a model, by a program in the place of ESP-IDF's."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from bench.device.deployability import check_model, paper_profile
from bench.device.firmware import FIRMWARE, FIRMWARE_VERSION, FirmwareError, check_firmware
from bench.device.firmware_build import Builder, BuildError, find_builder
from bench.device.images import ModelImage, Standardisation
from bench.run.subject import Subject
from bench.twin.esp32.image import read_image
from tests import idf

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a script is no program there")

DATA = Path(__file__).parents[1] / "data"
MODEL = (DATA / "tiny-F.tflite").read_bytes()
IMAGE = ModelImage("tiny", "F", MODEL, Standardisation((0.5,) * 6, (2.0,) * 6))


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where ``idf.py``, which is on the PATH now, tells what it was given."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return idf.install(tmp_path / "bin")


@pytest.fixture
def builder(log: Path, tmp_path: Path) -> Builder:
    return find_builder(tmp_path)


def test_a_build_gives_all_that_is_flashed_with_the_model_in_the_application(
    builder: Builder, log: Path
) -> None:
    build = builder.build(IMAGE)
    assert sorted(build.parts) == [0x1000, 0x8000, 0x10000]
    assert MODEL in build.application
    description = read_image(build.application).description
    assert description is not None
    assert (description.name, description.version) == (FIRMWARE, FIRMWARE_VERSION)
    given = json.loads(log.read_text())
    assert given["command"] == "build"
    assert (Path(given["project"]) / "sdkconfig.paper").is_file()
    assert given["definitions"]["SDKCONFIG_DEFAULTS"] == "sdkconfig.defaults;sdkconfig.paper"
    header = Path(given["definitions"]["HAR_EMBEDDED_MODEL"]).with_suffix(".h").read_text()
    assert "model_tiny_F_mean[] = {5.00000000e-01F, " in header


def test_every_variant_is_built_in_one_folder_from_the_configuration_files(
    builder: Builder, log: Path
) -> None:
    for technique in ("F", "D"):
        build = builder.build(ModelImage("tiny", technique, MODEL))
        assert not json.loads(log.read_text())["configured before"]
    assert MODEL in build.application


def test_the_size_is_the_built_image_s_and_says_so(builder: Builder) -> None:
    subject = Subject(IMAGE, (), np.empty(0), builder.build(IMAGE))
    assert subject.build is not None
    assert subject.profile is not None
    flash = next(step for step in check_model(MODEL, subject.profile) if step.name == "flash")
    assert flash.figure == len(subject.build.application)
    assert flash.limit == 1 << 20
    assert flash.note.endswith("built")


def test_what_does_not_fit_its_partition_is_a_step_not_an_error(builder: Builder) -> None:
    large = MODEL + bytes(800_000)
    build = builder.build(ModelImage("large", "F", large))
    assert list(build.parts) == [0x10000]
    profile = paper_profile(len(build.application) - len(large))
    flash = next(step for step in check_model(large, profile) if step.name == "flash")
    assert not flash.kept


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("fails", r"tiny-F: idf.py ended with exit code 1.*line 19\nninja: build stopped"),
        ("another model", "does not hold the model: remove that folder"),
        ("no offsets", r"flasher_args.json: FileNotFoundError: .*: remove .* and run again"),
    ],
)
def test_a_build_that_goes_wrong_is_one_clear_error(
    fault: str, why: str, builder: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDF_FAULT", fault)
    with pytest.raises(BuildError, match=f"(?s){why}"):
        builder.build(IMAGE)


def test_only_the_last_lines_of_a_failure_are_shown(
    builder: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDF_FAULT", "fails")
    with pytest.raises(BuildError) as caught:
        builder.build(IMAGE)
    assert "line 12" not in str(caught.value)


def test_without_esp_idf_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BuildError, match=r"no idf.py on the PATH: install ESP-IDF 5.2.3 or newer"):
        find_builder(tmp_path)


def test_a_program_that_is_gone_is_an_error_too(builder: Builder, log: Path) -> None:
    (log.parent / "idf.py").unlink()
    with pytest.raises(BuildError, match=r"No such file.*install ESP-IDF"):
        builder.build(IMAGE)


@pytest.mark.parametrize("said", ["another 1.0", "har-energy-bench 0.0.9", ""])
def test_another_firmware_is_refused_with_what_to_do(said: str) -> None:
    with pytest.raises(FirmwareError, match=r"build and flash the firmware in firmware/"):
        check_firmware(said)


def test_the_bench_s_own_firmware_is_taken() -> None:
    check_firmware(f"{FIRMWARE} {FIRMWARE_VERSION}")
