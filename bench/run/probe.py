"""What the self-check runs on the device: a tiny network, so that no variant need be there yet.

``probe.tflite`` is ``tests/data/tiny-F.tflite``: the smallest network of the family C, integer
throughout, untrained; what it answers does not matter, only that it runs.
"""

from functools import cache
from importlib import resources
from math import prod

import numpy as np

from bench.device.images import ModelImage
from models.flatbuffer import read

NAME, TECHNIQUE = "probe", "F"


@cache
def image() -> ModelImage:
    """The probe's model, without a standardisation: it takes its input tensor as it is."""
    content = resources.files("bench.run").joinpath("probe.tflite").read_bytes()
    return ModelImage(NAME, TECHNIQUE, content, None)


def stimulus() -> bytes:
    """An input tensor of zeros."""
    tensor = read(image().model).input
    return bytes(prod(tensor.shape) * np.dtype(tensor.dtype).itemsize)
