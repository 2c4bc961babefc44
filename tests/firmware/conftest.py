"""The firmware's portable code, on this machine and as ESP32 machine code."""

import functools
from collections.abc import Iterator

import pytest

from bench.twin.core.interface import library
from bench.twin.core.kernels import Kernels
from tests.firmware import xtensa
from tests.firmware.esp32 import kernels_of


@functools.cache
def missing() -> str | None:
    """Why nothing can be run as ESP32 machine code here, or None."""
    return xtensa.missing()


@pytest.fixture(scope="session")
def esp32_kernels() -> Iterator[Kernels]:
    """The dense kernels as ESP32 machine code."""
    if (reason := missing()) is not None:
        pytest.skip(reason)
    with xtensa.Emulator(xtensa.built("kernels")) as emulator:
        yield kernels_of(emulator)


@pytest.fixture(scope="session")
def host_kernels() -> Kernels:
    """The dense kernels in the shared library of this machine."""
    return Kernels(library())


@pytest.fixture(scope="session", params=["host", "esp32"])
def kernels(request: pytest.FixtureRequest) -> Kernels:
    """The dense kernels, here and there."""
    found: Kernels = request.getfixturevalue(f"{request.param}_kernels")
    return found
