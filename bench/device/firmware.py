"""The application that the bench works with, as it names itself on the device's console."""

from bench.errors import DeviceError

FIRMWARE = "har-energy-bench"
FIRMWARE_VERSION = "0.1.0"
"""The project's name and version in ``firmware/CMakeLists.txt``."""
LONGEST_TIME_CONSTANT = 1e-3
"""Of shunt and decoupling, in s: the firmware is quiet for ten of them before a window and behind
it (``kSettleMicros`` in ``firmware/components/core/include/har/measured_run.hpp``)."""
BUILD_AND_FLASH = "build and flash the firmware in firmware/, as its README tells"


class FirmwareError(DeviceError):
    """The device runs something else than the bench's firmware."""


def check_firmware(seen: str) -> None:
    """Check that `seen`, a device's profile, is the bench's firmware in the bench's release.

    Raises:
        FirmwareError: It runs something else.
    """
    wanted = f"{FIRMWARE} {FIRMWARE_VERSION}"
    if seen != wanted:
        raise FirmwareError(f"device runs {seen!r}, wanted {wanted!r}: {BUILD_AND_FLASH}")
