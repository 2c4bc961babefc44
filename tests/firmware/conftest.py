"""The firmware's kernels, built once for a session."""

import ctypes

import pytest

from tests.firmware.kernel import Kernels, build


@pytest.fixture(scope="session")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Kernels:
    """The dense kernels as a shared library of this machine."""
    return Kernels(ctypes.CDLL(str(build(tmp_path_factory.mktemp("kernel")))))
