"""The pins of the project's menu, as the drivers check them while they are compiled."""

import subprocess
from pathlib import Path

import pytest

from bench.twin.core.toolchain import ToolchainError, find_toolchain
from tests.firmware.test_project import PROJECT, option

NAMES = ("MARKER", "TIMESTAMP", "SDA", "SCL", "DATA_READY")
GPIO = "enum gpio_num_t { GPIO_NUM_NC = -1, GPIO_NUM_0 = 0, GPIO_NUM_MAX = 40 };"
UART = "enum uart_port_t { UART_NUM_0 };"


def compiled(folder: Path, **pins: int) -> str:
    """What the compiler says of the board's header with these pins, the others as in the menu."""
    try:
        compiler = find_toolchain().compiler
    except ToolchainError as error:
        pytest.skip(str(error))
    numbers = {name: int(option(f"HAR_{name}_GPIO")) for name in NAMES} | pins
    lines = [f"#define CONFIG_HAR_{name}_GPIO {number}" for name, number in numbers.items()]
    (folder / "driver").mkdir()
    (folder / "driver/gpio.h").write_text(GPIO)
    (folder / "driver/uart.h").write_text(UART)
    (folder / "sdkconfig.h").write_text("\n".join([*lines, "#define CONFIG_HAR_BAUD 115200\n"]))
    source = folder / "board.cpp"
    source.write_text(
        '#include "har/board.hpp"\n'
        "static_assert(har::board::mask(GPIO_NUM_NC) == 0);\n"
        "unsigned long long data_ready() { return har::board::mask(har::board::kDataReady); }\n"
    )
    include = PROJECT / "components/drivers/include"
    options = ["-std=c++17", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
    done = subprocess.run(
        [*compiler, *options, f"-I{folder}", f"-I{include}", str(source)],
        capture_output=True,
        text=True,
    )
    assert (done.returncode != 0) == ("error" in done.stderr)
    return done.stderr


@pytest.mark.parametrize("data_ready", [27, -1, 34, 39])
def test_pins_of_their_own_compile_and_the_interrupt_may_be_left_out(
    tmp_path: Path, data_ready: int
) -> None:
    assert compiled(tmp_path, DATA_READY=data_ready) == ""


@pytest.mark.parametrize("pin", [0, 1, 2, 3, 5, 6, 11, 12, 15, 24, 28, 31])
@pytest.mark.parametrize("name", ["MARKER", "DATA_READY"])
def test_a_pin_that_the_module_needs_is_refused(tmp_path: Path, name: str, pin: int) -> None:
    assert "gives a pin away that the module needs" in compiled(tmp_path, **{name: pin})


@pytest.mark.parametrize("name", ["MARKER", "SDA", "DATA_READY"])
def test_a_pin_with_two_uses_is_refused(tmp_path: Path, name: str) -> None:
    assert "gives one pin two uses" in compiled(tmp_path, **{name: int(option("HAR_SCL_GPIO"))})
