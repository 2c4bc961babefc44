"""Espressif's own program against the simulated chip."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from bench.twin.esp32.chip import Identity
from bench.twin.esp32.flash import Flash
from bench.twin.esp32.serial_port import SerialPort
from bench.twin.url_handler import environment, register
from tests.twin.esp32_board import FACTORY, FIRMWARE, MODEL, Board

MODEL_BYTES = bytes(range(251)) * 300


class Lab:
    """A powered board with blank flash behind a serial port."""

    def __init__(self, folder: Path, flash: Flash | None = None) -> None:
        self.folder = folder
        self.board = Board({}, identity=Identity(bytes.fromhex("246f28aabbcc")), flash=flash)
        self.port = SerialPort(self.board.chip)
        self.board.chip.connect(self.port)
        self.board.power()

    def esptool(self, *arguments: str, port: str | None = None) -> tuple[int, str]:
        """Run the program; returns its exit code and all that it said, on one line."""
        command = [sys.executable, "-m", "esptool", "--chip", "esp32", "--port"]
        command += [port or self.port.url, "--connect-attempts", "1", *arguments]
        env = environment(os.environ) | {"NO_COLOR": "1", "COLUMNS": "200"}
        done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=120)
        return done.returncode, " ".join((done.stdout + done.stderr).split())

    def files(self, parts: dict[int, bytes]) -> list[str]:
        """`parts` as files, in the form offset, path, offset, path."""
        arguments = []
        for offset, data in parts.items():
            path = self.folder / f"{offset:x}.bin"
            path.write_bytes(data)
            arguments += [f"{offset:#x}", str(path)]
        return arguments


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(tmp_path)
    yield lab
    lab.port.close()


def test_firmware_is_flashed_and_starts(lab: Lab) -> None:
    parts = lab.files(FIRMWARE | {MODEL: MODEL_BYTES})
    code, said = lab.esptool("--baud", "921600", "write-flash", *parts)
    assert (code, said.count("Hash of data verified")) == (0, 4)
    assert "MAC: 24:6f:28:aa:bb:cc" in said
    assert "Chip was NOT reset" not in said
    assert lab.board.flash.read(MODEL, len(MODEL_BYTES)) == MODEL_BYTES
    register()
    with serial.serial_for_url(lab.port.url, 115200, timeout=10) as console:
        console.write(b"hello")
        assert console.read_until(b"<hello>").endswith(b"<hello>")
    code, said = lab.esptool("write-flash", "--skip-flashed", *parts[:2])
    assert "already in flash, skipping write" in said


def test_the_rom_without_a_stub_writes_and_reads(lab: Lab) -> None:
    code, _ = lab.esptool("--no-stub", "write-flash", *lab.files({MODEL: MODEL_BYTES[:1000]}))
    assert code == 0
    back = lab.folder / "back.bin"
    code, _ = lab.esptool("--no-stub", "read-flash", hex(MODEL), "1000", str(back))
    assert (code, back.read_bytes()) == (0, MODEL_BYTES[:1000])


def test_flash_is_read_back_and_erased_by_the_stub(lab: Lab) -> None:
    lab.board.flash.program(MODEL, MODEL_BYTES)
    back = lab.folder / "back.bin"
    code, _ = lab.esptool("read-flash", hex(MODEL), str(len(MODEL_BYTES)), str(back))
    assert (code, back.read_bytes()) == (0, MODEL_BYTES)
    before = lab.board.world.now
    code, _ = lab.esptool("erase-flash")
    assert (code, lab.board.flash.read(MODEL, 100)) == (0, b"\xff" * 100)
    assert lab.board.world.now - before > 10.0  # a chip erase, in the twin's time alone


def test_worn_flash_fails_its_verification(tmp_path: Path) -> None:
    lab = Lab(tmp_path, Flash(worn=range(FACTORY + 5000, FACTORY + 5004)))
    code, said = lab.esptool("write-flash", *lab.files({FACTORY: bytes(8000)}))
    lab.port.close()
    assert code != 0
    assert "MD5 of file does not match data in flash" in said


def test_another_chip_than_expected_is_noticed(lab: Lab) -> None:
    code, said = lab.esptool("--chip", "esp32s3", "read-mac")
    assert code != 0
    assert "This chip is ESP32, not ESP32-S3" in said


def test_a_chip_without_power_does_not_answer(lab: Lab) -> None:
    lab.board.off()
    code, said = lab.esptool("read-mac")
    assert code != 0
    assert "No serial data received" in said


def test_a_terminal_without_modem_lines_will_do(lab: Lab) -> None:
    code, said = lab.esptool("flash-id", port=lab.port.path)
    assert "Detected flash size: 4MB" in said
    assert code == 0


def test_encrypted_writing_is_what_the_security_tool_computes(lab: Lab) -> None:
    (lab.folder / "key.bin").write_bytes(bytes(32))
    parts = lab.files({FACTORY: MODEL_BYTES[:4096]})
    code, _ = lab.esptool("write-flash", "--encrypt", "--ignore-flash-enc-efuse", *parts)
    assert code == 0
    command = [sys.executable, "-m", "espsecure", "encrypt-flash-data", "--address", parts[0]]
    command += ["--keyfile", "key.bin", "--flash-crypt-conf", "0", "--output", "out.bin", parts[1]]
    subprocess.run(command, check=True, capture_output=True, cwd=lab.folder)
    assert lab.board.flash.read(FACTORY, 4096) == (lab.folder / "out.bin").read_bytes()
