"""The core's C interface, ``firmware/host/har_core.h``, for ctypes."""

import ctypes
import functools
from ctypes import (
    POINTER,
    c_char_p,
    c_double,
    c_float,
    c_int32,
    c_size_t,
    c_uint8,
    c_uint32,
    c_uint64,
    c_void_p,
)
from typing import Any

from bench.twin.core.build import VARIABLE, core_library
from bench.twin.core.toolchain import ToolchainError

ELEMENT_TYPES = {"float32": 1, "int8": 2, "uint8": 3, "int16": 4, "int32": 5}
"""``HAR_FLOAT32`` and so on; 0 is any other type."""
MESSAGE_SIZE = 256


class CTensor(ctypes.Structure):
    """``har_tensor``."""

    _fields_ = (
        ("type", c_int32),
        ("zero_point", c_int32),
        ("scale", c_float),
        ("elements", c_size_t),
        ("bytes", c_size_t),
    )


class COperator(ctypes.Structure):
    """``har_operator``."""

    _fields_ = (("name", c_char_p), ("micros", c_double))


class CModel(ctypes.Structure):
    """``har_model``."""

    _fields_ = (
        ("input", CTensor),
        ("output", CTensor),
        ("arena_used", c_size_t),
        ("arena_size", c_size_t),
        ("operator_count", c_size_t),
        ("operators", POINTER(COperator)),
    )


def _callback(result: Any, *arguments: Any) -> Any:
    return ctypes.CFUNCTYPE(result, c_void_p, *arguments)


_Bytes = (c_void_p, c_size_t)


class CHost(ctypes.Structure):
    """``har_host``."""

    _fields_ = (
        ("context", c_void_p),
        ("write", _callback(None, *_Bytes)),
        ("drain", _callback(None)),
        ("micros", _callback(c_uint64)),
        ("marker", _callback(None, c_int32)),
        ("timestamp", _callback(c_uint64)),
        ("wait", _callback(None, c_uint32)),
        ("running", _callback(c_int32)),
        ("interrupted", _callback(c_int32)),
        ("sensor_write", _callback(c_int32, c_uint8, c_uint8)),
        ("sensor_read", _callback(c_int32, c_uint8, *_Bytes)),
        ("sleep", _callback(None, c_uint32)),
        ("load", _callback(c_int32, c_char_p, c_char_p, *_Bytes, POINTER(CModel), c_void_p)),
        ("invoke", _callback(c_int32, *_Bytes, c_uint32, c_void_p, c_void_p)),
        ("profile", _callback(c_int32, c_void_p)),
    )


class CBoard(ctypes.Structure):
    """``har_board``."""

    _fields_ = (
        ("name", c_char_p),
        ("version", c_char_p),
        ("clock_hz", c_uint32),
        ("partition", c_char_p),
        ("partition_size", c_size_t),
    )


@functools.cache
def library() -> ctypes.CDLL:
    """The library with the types of its functions; built when it has to be.

    Raises:
        ToolchainError: It cannot be built or, where it was named, not be loaded.
    """
    path = core_library()
    try:
        loaded = ctypes.CDLL(str(path))
    except OSError as error:
        raise ToolchainError(
            f"{path}: is no library of the firmware's core ({error}): unset {VARIABLE}"
        ) from error
    loaded.har_core_new.argtypes = (POINTER(CHost), POINTER(CBoard))
    loaded.har_core_new.restype = c_void_p
    loaded.har_core_boot.argtypes = (c_void_p,)
    loaded.har_core_boot.restype = None
    loaded.har_core_receive.argtypes = (c_void_p, c_char_p, c_size_t)
    loaded.har_core_receive.restype = None
    loaded.har_core_delete.argtypes = (c_void_p,)
    loaded.har_core_delete.restype = None
    return loaded
