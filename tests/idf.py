"""A program in the place of ESP-IDF's ``idf.py``: makes what a build leaves behind, without one.

It takes the arguments that the bench gives it, reads the model's C array, and puts the array into
an image of the twin's. ``IDF_FAULT`` in the environment makes it fail in a known way.
"""

import json
import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
APP_BYTES = 300_000 // 16 * 16
"""Of the application besides the model."""


def install(folder: Path) -> Path:
    """Write ``idf.py`` into `folder`, to be put on the PATH; returns the file of its log."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "idf.py"
    lines = (f"#!{sys.executable}", "import sys", f"sys.path.insert(0, {str(ROOT)!r})")
    program.write_text("\n".join([*lines, "from tests.idf import main", f"main({str(folder)!r})"]))
    program.chmod(0o755)
    return folder / "log.json"


def main(folder: str) -> None:
    fault = os.environ.get("IDF_FAULT", "")
    arguments = sys.argv[1:]
    definitions = dict(one[2:].split("=", 1) for one in arguments if one.startswith("-D"))
    build = Path(arguments[arguments.index("-B") + 1])
    Path(folder, "log.json").write_text(
        json.dumps(
            {
                "project": arguments[arguments.index("-C") + 1],
                "definitions": definitions,
                "command": arguments[-1],
                "configured before": (build / "sdkconfig").exists(),
            }
        )
    )
    (build / "sdkconfig").write_text("CONFIG_IDF_TARGET_ESP32=y\n")
    print("[1/2] Building CXX object")
    if fault == "fails":
        print("\n".join(f"line {number}" for number in range(20)))
        sys.exit("ninja: build stopped: subcommand failed.")
    source = Path(definitions["HAR_EMBEDDED_MODEL"]).read_text()
    model = bytes(int(byte, 16) for byte in re.findall(r"0x([0-9a-f]{2}),", source))
    _write(build, b"another" if fault == "another model" else model)
    if fault == "no offsets":
        (build / "flasher_args.json").unlink()
    print("[2/2] Generating binary image")
    if len(model) + APP_BYTES > 1 << 20:
        (build / "bootloader" / "bootloader.bin").unlink()
        sys.exit("Error: app partition is too small for binary har-energy-bench.bin size 0x1")


def _write(build: Path, model: bytes) -> None:
    from bench.device.firmware import FIRMWARE, FIRMWARE_VERSION
    from bench.device.images import encode_partition_table, paper_layout
    from bench.twin.esp32.image import application_image, bootloader_image

    size = -(-(APP_BYTES + len(model)) // 16) * 16
    parts = {
        0x1000: ("bootloader/bootloader.bin", bootloader_image()),
        0x8000: (
            "partition_table/partition-table.bin",
            encode_partition_table(paper_layout()),
        ),
        0x10000: (
            "har-energy-bench.bin",
            application_image(FIRMWARE, FIRMWARE_VERSION, size, content=model),
        ),
    }
    for name, data in parts.values():
        path = build / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    files = {f"{offset:#x}": name for offset, (name, _) in parts.items()}
    (build / "flasher_args.json").write_text(json.dumps({"flash_files": files}))
