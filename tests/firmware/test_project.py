"""The ESP-IDF project says the same as the bench and the models: offsets, rates, operators."""

import csv
import re
import tomllib
from collections.abc import Iterable
from math import prod
from pathlib import Path

import pytest

from bench.device.arena import KERNEL_FLOAT
from bench.device.console import MAX_COMMAND
from bench.device.deployability import BENCH, FIRMWARE_KERNELS, FLASH_BYTES, paper_profile
from bench.device.firmware import FIRMWARE, FIRMWARE_VERSION, LONGEST_TIME_CONSTANT
from bench.device.firmware_build import CONFIGURATIONS
from bench.device.images import Partition, bench_layout, paper_layout
from bench.measurement.capture import SETTLED
from bench.twin.core.application import BAUD

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "firmware"
KINDS = {"app": 0, "data": 1}
SUBTYPES = {"factory": 0}
FOR_USERS = {"AVERAGE_POOL_2D", "QUANTIZE", "DEQUANTIZE"}
"""What a user's own model may need beside what the 42 variants consist of."""


def partitions(name: str) -> tuple[Partition, ...]:
    lines = (PROJECT / name).read_text().splitlines()
    rows = csv.reader(line for line in lines if not line.startswith("#"))
    return tuple(
        Partition(
            label.strip(),
            KINDS[kind.strip()],
            SUBTYPES[subtype.strip()] if subtype.strip() in SUBTYPES else int(subtype, 16),
            int(offset, 16),
            int(size, 16),
        )
        for label, kind, subtype, offset, size in rows
    )


def configuration(*names: str) -> dict[str, str]:
    """What a sequence of configuration files says; of an option that is not set, ``n``."""
    found: dict[str, str] = {}
    for name in names:
        for line in (PROJECT / name).read_text().splitlines():
            if off := re.fullmatch(r"# (CONFIG_\w+) is not set", line):
                found[off[1]] = "n"
            elif line and not line.startswith("#"):
                key, value = line.split("=", 1)
                found[key] = value.strip('"')
    return found


def option(name: str) -> str:
    """An option's default in the project's own menu."""
    text = (PROJECT / "main" / "Kconfig.projbuild").read_text()
    (default,) = re.findall(rf"config {name}\n(?:.*\n)*?\s+default (\S+)", text)[:1]
    return str(default)


def test_the_partition_table_is_the_one_that_the_bench_flashes_into() -> None:
    assert partitions("partitions.csv") == bench_layout(FLASH_BYTES)
    model = partitions("partitions.csv")[-1]
    assert BENCH.room == model.size
    assert model.offset % 0x10000 == 0  # the flash cache maps pages of 64 KB


def test_the_paper_s_table_is_one_application_of_1_mb() -> None:
    assert partitions("partitions-paper.csv") == paper_layout()
    assert paper_layout()[0].size == paper_profile().room


def test_the_firmware_names_itself_as_the_bench_expects() -> None:
    text = (PROJECT / "CMakeLists.txt").read_text()
    assert f'set(PROJECT_VER "{FIRMWARE_VERSION}")' in text
    assert f"project({FIRMWARE})" in text
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (project["name"], project["version"]) == (FIRMWARE, FIRMWARE_VERSION)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("CONFIG_IDF_TARGET", "esp32"),
        ("CONFIG_ESP_DEFAULT_CPU_FREQ_MHZ_160", "y"),
        ("CONFIG_ESPTOOLPY_FLASHMODE_QIO", "y"),
        ("CONFIG_ESPTOOLPY_FLASHFREQ_80M", "y"),
        ("CONFIG_ESPTOOLPY_FLASHSIZE_4MB", "y"),
        ("CONFIG_COMPILER_OPTIMIZATION_PERF", "y"),
        ("CONFIG_COMPILER_OPTIMIZATION_ASSERTIONS_ENABLE", "y"),
        ("CONFIG_ESP_BROWNOUT_DET", "y"),
        ("CONFIG_ESP32_REV_MIN_1", "y"),
        ("CONFIG_BT_ENABLED", "n"),
        ("CONFIG_PM_ENABLE", "n"),
        ("CONFIG_ESP_CONSOLE_NONE", "y"),
        ("CONFIG_BOOTLOADER_LOG_LEVEL_NONE", "y"),
        ("CONFIG_LOG_DEFAULT_LEVEL_NONE", "y"),
        ("CONFIG_ESP_TASK_WDT_EN", "n"),
        ("CONFIG_PARTITION_TABLE_CUSTOM", "y"),
    ],
)
def test_what_energies_are_stated_for_is_configured(key: str, value: str) -> None:
    assert configuration(*CONFIGURATIONS[:1])[key] == value
    assert configuration(*CONFIGURATIONS)[key] == value


def test_each_layout_has_its_own_table() -> None:
    key = "CONFIG_PARTITION_TABLE_CUSTOM_FILENAME"
    assert configuration(*CONFIGURATIONS[:1])[key] == "partitions.csv"
    assert configuration(*CONFIGURATIONS)[key] == "partitions-paper.csv"
    assert configuration(*CONFIGURATIONS)["CONFIG_HAR_MODEL_EMBEDDED"] == "y"
    assert option("HAR_MODEL_EMBEDDED") == "n"


def test_the_radio_is_in_no_component_s_requirements() -> None:
    assert "set(COMPONENTS main)" in (PROJECT / "CMakeLists.txt").read_text()
    for path in PROJECT.rglob("CMakeLists.txt"):
        assert not re.search(r"esp_wifi|\bbt\b|esp_netif", path.read_text()), path


@pytest.mark.parametrize("station", ["example-hardware.toml", "twin.toml"])
def test_the_console_s_rate_is_the_station_files(station: str) -> None:
    stated = tomllib.loads((ROOT / "stations" / station).read_text())["device"]["baud"]
    assert option("HAR_BAUD") == str(stated) == str(BAUD)


def test_the_arena_is_the_one_that_deployability_counts_on() -> None:
    assert int(option("HAR_ARENA_KIB")) * 1024 == BENCH.arena == paper_profile().arena


def registered() -> Iterable[str]:
    text = (PROJECT / "main" / "operators.hpp").read_text()
    (count,) = re.findall(r"kOperators = (\d+);", text)
    names = re.findall(r"resolver\.Add(\w+)\(", text)
    assert len(names) == int(count)
    for name in names:
        words = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[a-z])(?=2D)|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
        yield words.upper().replace("2_D", "2D")


def test_the_firmware_has_the_operators_that_deployability_allows() -> None:
    assert set(registered()) == {kernel.operator for kernel in FIRMWARE_KERNELS}
    assert set(registered()) == set(KERNEL_FLOAT) | FOR_USERS  # of all 42 variants, and these


def test_dense_layers_are_the_hybrid_kernel_s() -> None:
    text = (PROJECT / "main" / "operators.hpp").read_text()
    assert "AddFullyConnected(Register_HYBRID_FULLY_CONNECTED())" in text


def test_every_option_that_the_code_reads_is_in_the_menu() -> None:
    code = [*PROJECT.rglob("*.cpp"), *PROJECT.rglob("*.hpp"), *PROJECT.rglob("CMakeLists.txt")]
    read = {name for path in code for name in re.findall(r"CONFIG_(HAR_\w+)", path.read_text())}
    menu = (PROJECT / "main" / "Kconfig.projbuild").read_text()
    assert read == set(re.findall(r"config (HAR_\w+)", menu))


def test_no_pin_has_two_uses_and_none_is_the_module_s_own() -> None:
    pins = re.findall(
        r"config (HAR_\w+_GPIO)", (PROJECT / "main" / "Kconfig.projbuild").read_text()
    )
    numbers = [int(option(pin)) for pin in pins]
    flash, console, straps = range(6, 12), (1, 3), (0, 2, 5, 12, 15)
    assert len(set(numbers)) == len(numbers) == 5
    assert not set(numbers) & {*flash, *console, *straps}
    readme = (PROJECT / "README.md").read_text()
    assert all(f"| GPIO{number} |" in readme for number in numbers)


def test_the_components_come_from_the_manager_with_bounds() -> None:
    main, kernel = (
        (PROJECT / folder / "idf_component.yml").read_text()
        for folder in ("main", "components/hybrid_dense")
    )
    assert 'idf: ">=5.2.3"' in main
    assert re.search(r'espressif/esp-tflite-micro: ">=[\d.]+,<\d+"', main)
    assert kernel == main


def constant(header: str, name: str) -> int:
    """A whole number that a header of the core defines."""
    text = (PROJECT / "components/core/include/har" / header).read_text()
    (product,) = re.findall(rf"constexpr std::\w+ {name} = ([\d' *]+);", text)
    return prod(int(factor.replace("'", "")) for factor in product.split("*"))


def test_commands_may_be_as_long_as_the_bench_sends_them() -> None:
    assert constant("console.hpp", "kMaxCommand") == MAX_COMMAND


def test_the_run_is_quiet_for_as_long_as_stations_may_count_on() -> None:
    quiet = constant("measured_run.hpp", "kSettleMicros") * 1e-6
    assert quiet == pytest.approx(SETTLED * LONGEST_TIME_CONSTANT)
