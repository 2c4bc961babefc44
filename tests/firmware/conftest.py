"""The firmware's parts as the twin runs them, from its own library."""

import pytest

from bench.twin.core.interface import library
from bench.twin.core.kernels import Kernels


@pytest.fixture(scope="session")
def kernels() -> Kernels:
    """The dense kernels."""
    return Kernels(library())
