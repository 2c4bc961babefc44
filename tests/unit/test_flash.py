"""Flashing by a program that says what esptool says; the real one runs against the twin."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from bench.device.errors import PortError
from bench.device.flash import Flashed, Flasher, FlashError, WrongDeviceError
from bench.errors import DeviceError

SPOKEN = """Connected to ESP32 on /dev/ttyX:
Chip type:          ESP32-D0WDQ6 (revision v1.0)
MAC:                24:0A:C4:00:00:01
"""
WRITTEN = "Wrote 5600 bytes (2000 compressed) at 0x00110000 in 0.1 seconds.\n"
PROGRAM = """
import sys, threading
from pathlib import Path
here = Path(__file__).parent
arguments = sys.argv[1:]
(here / "arguments").write_text("\\n".join(arguments))
for at in range(len(arguments)):
    if arguments[at].endswith(".bin"):
        (here / Path(arguments[at]).name).write_bytes(Path(arguments[at]).read_bytes())
print((here / "says").read_text(), end="", flush=True)
if (here / "hangs").exists():
    threading.Event().wait()
sys.exit(int((here / "code").read_text()))
"""


class Esptool:
    """A program in place of esptool that keeps its arguments and says what it was told to."""

    def __init__(self, folder: Path, says: str = SPOKEN, code: int = 0) -> None:
        self.folder = folder
        (folder / "esptool.py").write_text(PROGRAM)
        (folder / "says").write_text(says)
        (folder / "code").write_text(str(code))

    def flasher(self, mac: str | None = None, timeout: float = 60.0) -> Flasher:
        return Flasher(
            port="/dev/ttyX",
            baud=921600,
            chip="esp32",
            expected_mac=mac,
            timeout=timeout,
            environment={"PYTHONPATH": str(self.folder)},
        )

    @property
    def arguments(self) -> list[str]:
        return (self.folder / "arguments").read_text().splitlines()


def test_identifying_tells_chip_and_address(tmp_path: Path) -> None:
    esptool = Esptool(tmp_path)
    assert esptool.flasher().identify() == Flashed("24:0a:c4:00:00:01", "ESP32-D0WDQ6", False)
    assert esptool.arguments == [
        "--chip", "esp32", "--port", "/dev/ttyX", "--baud", "921600",
        "--connect-attempts", "3", "read-mac",
    ]  # fmt: skip


def test_progress_is_told_while_it_writes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bars = "Writing at 0x00114000 [====>   ]  58.3%\nWriting at 0x00117b50 [========] 100.0%\n"
    with caplog.at_level(logging.INFO, "bench"):
        Esptool(tmp_path, SPOKEN + bars + WRITTEN).flasher().write({0x110000: b"model"})
    assert caplog.messages == ["flashing: 58.3%", "flashing: 100.0%"]


def test_parts_are_written_at_their_offsets_in_one_run(tmp_path: Path) -> None:
    esptool = Esptool(tmp_path, SPOKEN + WRITTEN)
    flasher = esptool.flasher("24:0a:C4:00:00:01")
    assert flasher.write({0x110000: b"model", 0x8000: b"table"}).written
    command = esptool.arguments[8:]
    assert command[0] == "write-flash"
    assert "--skip-flashed" in command
    assert [offset for offset in command if offset.startswith("0x")] == ["0x8000", "0x110000"]
    assert (tmp_path / "8000.bin").read_bytes() == b"table"
    assert (tmp_path / "110000.bin").read_bytes() == b"model"
    assert not Path(command[-1]).exists()


def test_what_the_flash_already_holds_is_not_written(tmp_path: Path) -> None:
    skipped = "Flash contents match, skipping write.\n"
    assert not Esptool(tmp_path, SPOKEN + skipped).flasher().write({0: b"x"}).written


def test_another_device_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        WrongDeviceError,
        match=r"/dev/ttyX has MAC 24:0a:c4:00:00:01, the station file expects 24:0a:c4:00:00:02",
    ):
        Esptool(tmp_path).flasher("24:0A:C4:00:00:02").identify()


@pytest.mark.parametrize(
    ("says", "kind", "advice"),
    [
        ("MD5 of file does not match data in flash!", FlashError, "replace the module"),
        ("This chip is ESP32-S2, not ESP32. Wrong argument?", WrongDeviceError, "right board"),
        ("Failed to connect to ESP32: Wrong boot mode", FlashError, "check power"),
        ("Could not open /dev/ttyX, the port is busy.", PortError, "check the cable"),
        ("File 'a' at offset 0x3 will not fit in 4 bytes of flash.", FlashError, "smaller model"),
        ("something new", FlashError, "exit code 2"),
    ],
)
def test_a_failure_says_what_to_do_and_what_esptool_said(
    tmp_path: Path, says: str, kind: type[DeviceError], advice: str
) -> None:
    esptool = Esptool(tmp_path, f"noise\n\nA fatal error occurred: {says}\nmore\n", code=2)
    with pytest.raises(kind, match=advice) as caught:
        esptool.flasher().write({0: b"x"})
    assert str(caught.value).startswith("esptool write-flash on /dev/ttyX: ")
    assert says in str(caught.value)


def test_an_answer_without_chip_and_address_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FlashError, match=r"no MAC address and chip type in its output"):
        Esptool(tmp_path, "hello\n").flasher().identify()


def test_a_program_that_hangs_is_ended_at_the_limit(tmp_path: Path) -> None:
    esptool = Esptool(tmp_path)
    (tmp_path / "hangs").touch()
    with pytest.raises(FlashError, match=r"not done within 0.5 s: raise \[timeouts\] flash"):
        esptool.flasher(timeout=0.5).identify()


class Interrupting(logging.Handler):
    """Ctrl-C at the moment of the first news."""

    def emit(self, _record: logging.LogRecord) -> None:
        raise KeyboardInterrupt


def test_an_interrupted_run_leaves_no_program_behind(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    esptool = Esptool(tmp_path)
    (tmp_path / "hangs").touch()
    log, interrupting = logging.getLogger("bench.device.flash"), Interrupting()
    log.addHandler(interrupting)
    try:
        with caplog.at_level(logging.DEBUG, "bench"), pytest.raises(KeyboardInterrupt):
            esptool.flasher().identify()  # returns at all only because the program was ended
    finally:
        log.removeHandler(interrupting)


def test_an_interruption_before_the_program_says_anything_ends_it_too(tmp_path: Path) -> None:
    esptool = Esptool(tmp_path, says="")
    (tmp_path / "hangs").touch()

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replace(esptool.flasher(), meanwhile=interrupt).identify()
