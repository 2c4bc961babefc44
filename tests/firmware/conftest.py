"""The firmware's portable code, on this machine and as ESP32 machine code."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache, partial
from typing import Any

import pytest

from bench.twin.core import application
from bench.twin.core.interface import library
from bench.twin.core.kernels import Kernels
from tests.firmware import echo_board, xtensa
from tests.firmware.esp32_core import Esp32Core
from tests.firmware.esp32_kernels import kernels_of
from tests.firmware.esp32_sampling import Esp32Sampling
from tests.firmware.sampling import HostSampling, Sampling


@cache
def missing() -> str | None:
    """Why nothing can be run as ESP32 machine code here, or None."""
    return xtensa.missing()


@pytest.fixture(scope="session")
def esp32() -> None:
    """Skip where nothing can be run as ESP32 machine code."""
    if (reason := missing()) is not None:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def esp32_kernels(esp32: None) -> Iterator[Kernels]:
    """The dense kernels as ESP32 machine code."""
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


@pytest.fixture(scope="session")
def esp32_sampling(esp32: None) -> Iterator[Sampling]:
    """The sensor's driver and the window buffer as ESP32 machine code."""
    with xtensa.Emulator(xtensa.built("sampling")) as emulator:
        yield Esp32Sampling(emulator)


@pytest.fixture(scope="session")
def host_sampling() -> Sampling:
    """The sensor's driver and the window buffer in the shared library of this machine."""
    return HostSampling()


@pytest.fixture(scope="session", params=["host", "esp32"])
def sampling(request: pytest.FixtureRequest) -> Sampling:
    """The sensor's driver and the window buffer, here and there."""
    found: Sampling = request.getfixturevalue(f"{request.param}_sampling")
    return found


@pytest.fixture(scope="module")
def esp32_core(esp32: None) -> Iterator[xtensa.Emulator]:
    """An emulator that runs cores."""
    with xtensa.Emulator(xtensa.built("core")) as emulator:
        yield emulator


@pytest.fixture(scope="module", params=["host", "esp32"])
def each_core(request: pytest.FixtureRequest) -> Iterator[None]:
    """Have the devices of `echo_board` run the core of this machine, and that of an emulator."""
    if request.param == "host":
        yield
        return
    emulator = request.getfixturevalue("esp32_core")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(echo_board, "Core", partial(Esp32Core, emulator))
        yield


@pytest.fixture(params=["host", "esp32"])
def each_application(request: pytest.FixtureRequest) -> Iterator[None]:
    """Have the simulated chip, too; each boot in an emulator of its own, as threads may overlap."""
    if request.param == "host":
        yield
        return
    request.getfixturevalue("esp32")
    with ExitStack() as running, pytest.MonkeyPatch.context() as patched:

        def core(*told: Any) -> Esp32Core:
            emulator = running.enter_context(xtensa.Emulator(xtensa.built("core")))
            return Esp32Core(emulator, *told)

        patched.setattr(application, "Core", core)
        patched.setattr(echo_board, "Core", core)
        yield
