"""A served lab, and the command that serves one."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import pyvisa
from rich.text import Text
from typer.testing import CliRunner

from bench.cli import app
from bench.commands.twin import TWIN_STATION
from bench.device.console import DeviceConsole
from bench.device.deployability import check_outputs
from bench.device.firmware import FIRMWARE
from bench.device.flash import Flasher
from bench.device.images import MODEL_PARTITION_OFFSET, ModelImage, encode_model
from bench.errors import SupplyError
from bench.instruments.registry import open_digitizer, open_supply
from bench.station.configuration import Station, load_station
from bench.twin.lab import Lab, firmware_parts
from bench.twin.url_handler import environment, register
from models.flatbuffer import read
from models.tolerance import output_tolerance

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
STATION = load_station(TWIN_STATION)
PATIENCE = 120.0


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab(STATION, seed=3) as lab:
        yield lab


def at(lab: Lab) -> Station:
    return STATION.with_addresses(**asdict(lab.addresses))


def identity(resource: str) -> str:
    """What a plain PyVISA script reads."""
    with contextlib.closing(pyvisa.ResourceManager("@py")) as manager:
        supply = manager.open_resource(
            resource, read_termination="\n", write_termination="\n", timeout=PATIENCE * 1e3
        )
        return str(supply.query("*IDN?"))


def test_a_model_goes_by_esptool_and_console_from_file_to_outputs(lab: Lab) -> None:
    station = at(lab)
    with lab.world.lock:
        lab.world.connect(3.5)
    flasher = Flasher(
        station.device.port or "", 921600, "esp32", station.device.mac, PATIENCE, environment({})
    )
    model = ModelImage("tiny", "F", (DATA / "tiny-F.tflite").read_bytes())
    parts = firmware_parts() | {MODEL_PARTITION_OFFSET: encode_model(model)}
    flashed = flasher.write(parts)
    assert (flashed.mac, flashed.written) == (station.device.mac, True)
    assert "ESP32" in flashed.chip
    assert not flasher.write({MODEL_PARTITION_OFFSET: encode_model(model)}).written
    register()
    with np.load(DATA / "tiny-F.npz") as golden:
        inputs, outputs = golden["inputs"], golden["outputs"]
    with DeviceConsole.open(station.device.port or "", station.device.baud, PATIENCE) as console:
        with lab.world.lock:
            lab.world.disconnect()
        console.discard_input()
        with lab.world.lock:
            lab.world.connect(3.3)
        console.wait_until_booted(PATIENCE)
        assert console.name() == FIRMWARE
        assert console.model().crc == model.crc
        seen = []
        for values in inputs:
            console.load(values.tobytes())
            seen.append(console.infer(1, 0, PATIENCE).outputs)
        assert sum(seconds for _, seconds in console.operator_times()) == pytest.approx(
            console.infer(50, 0, PATIENCE).latency, rel=0.01
        )
    graph = read(model.model)
    assert check_outputs(graph.output, outputs, seen, output_tolerance(graph)).kept


def test_two_labs_are_two_worlds() -> None:
    with Lab(STATION, 1) as one, Lab(STATION, 2) as other:
        assert not set(asdict(one.addresses).values()) & set(asdict(other.addresses).values())
        assert json.loads(one.addresses.json()) == asdict(one.addresses)
        with one.world.lock:
            one.world.connect(3.3)
        assert not other.world.on
        assert one.world.parts != other.world.parts


def test_the_seed_is_the_serial_number_of_the_parts() -> None:
    with Lab(STATION, 5) as one, Lab(STATION, 5) as again:
        assert one.world.parts == again.world.parts


@pytest.mark.parametrize("seed", range(8))
def test_parts_are_off_by_what_the_station_declares(seed: int) -> None:
    with Lab(STATION, seed) as lab:
        parts = lab.world.parts
    shunt = parts.shunt / STATION.shunt.resistance - 1
    decoupling = parts.decoupling / STATION.device.decoupling - 1
    assert 0 < abs(shunt) < 5 * STATION.calibration.shunt.uncertainty.standard
    assert 0 < abs(decoupling) <= STATION.device.decoupling_tolerance


def test_a_closed_lab_is_gone() -> None:
    with Lab(STATION, 1) as lab:
        terminal = Path(urlsplit(lab.addresses.serial).path)
        assert terminal.exists()
        assert "NGMO2" in identity(lab.addresses.visa)
        open_digitizer(at(lab).digitizer).close()
    assert not terminal.exists()
    with pytest.raises((pyvisa.VisaIOError, OSError)):
        identity(lab.addresses.visa)


def test_a_lab_waits_until_its_output_is_off(lab: Lab) -> None:
    lab.wait_until_off()
    with lab.world.lock:
        lab.world.connect(3.3)
    waiting = threading.Thread(target=lab.wait_until_off, args=(PATIENCE,))
    waiting.start()
    assert waiting.is_alive()
    with lab.world.lock:
        lab.world.disconnect()
    waiting.join(PATIENCE)
    assert not waiting.is_alive()


def test_its_patience_ends(lab: Lab) -> None:
    with lab.world.lock:
        lab.world.connect(3.3)
    lab.wait_until_off(patience=0.01)
    assert lab.world.on


@contextlib.contextmanager
def command(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    program = [sys.executable, "-m", "bench", "twin", *arguments]
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, cwd=ROOT,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def test_the_command_prints_addresses_and_serves_until_it_is_told_to_end() -> None:
    with command("--seed", "7") as process:
        assert process.stdout is not None
        addresses = json.loads(process.stdout.readline())
        assert sorted(addresses) == ["grpc", "serial", "visa"]
        assert "NGMO2" in identity(addresses["visa"])
        process.send_signal(signal.SIGTERM)
        rest, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, rest, errors) == (0, "", "")


def test_a_lab_outlives_its_owner_until_its_output_is_off() -> None:
    with command("--while-stdin") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        addresses = json.loads(process.stdout.readline())
        supply = open_supply(STATION.with_addresses(**addresses).supply)
        supply.output = True
        process.stdin.close()
        assert all(supply.output for _ in range(100))
        with contextlib.suppress(SupplyError):  # the lab may be gone before it confirms
            supply.output = False
        supply.close()
        assert process.wait(PATIENCE) == 0
        assert process.stdout.read() == ""


def test_an_error_is_one_message_and_exit_code_1(tmp_path: Path) -> None:
    broken = tmp_path / "station.toml"
    broken.write_text("name = 3")
    with command("--station", str(broken)) as process:
        printed, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, printed) == (1, "")
    assert errors.startswith(f"error: {broken}: ")
    assert "Traceback" not in errors


def test_a_stream_that_is_none_is_an_error_before_anything_is_served(tmp_path: Path) -> None:
    stream = tmp_path / "stream.npz"
    stream.write_text("no archive")
    with command("--sensor", str(stream)) as process:
        printed, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, printed) == (1, "")
    assert errors.startswith(f"error: {stream}: no stream for the sensor")
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--pace", "sideways"], "'sideways', wanted virtual or wall"),
        (["--sed", "1"], "No such option"),
        (["--seed", "one"], "--seed"),
    ],
)
def test_wrong_arguments_are_a_usage_error(arguments: list[str], why: str) -> None:
    done = CliRunner().invoke(app, ["twin", *arguments], env={**os.environ, "COLUMNS": "200"})
    assert done.exit_code == 2
    assert why in Text.from_ansi(done.output).plain
