"""The firmware's portable code, on this machine and as ESP32 machine code."""

from collections.abc import Iterator
from functools import cache, partial

import pytest

from bench.twin.core.interface import library
from bench.twin.core.kernels import Kernels
from tests.firmware import echo_board, xtensa
from tests.firmware.esp32 import Esp32Core, kernels_of


@cache
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


@pytest.fixture(scope="module", params=["host", "esp32"])
def each_core(request: pytest.FixtureRequest) -> Iterator[None]:
    """Have the devices of `echo_board` run the core of this machine, and that of an emulator."""
    if request.param == "host":
        yield
        return
    if (reason := missing()) is not None:
        pytest.skip(reason)
    with (
        xtensa.Emulator(xtensa.built("core")) as emulator,
        pytest.MonkeyPatch.context() as patched,
    ):
        patched.setattr(echo_board, "Core", partial(Esp32Core, emulator))
        yield
