"""A model as C++ source, to be compiled into an image as the paper's third phase does."""

import re
import zlib
from dataclasses import dataclass

from models.errors import ConversionError

ALIGNMENT = 16
"""Bytes; TFLM reads the flatbuffer in place and wants it so aligned (micro_allocator.cc)."""

_BYTES_A_LINE = 16
_TEXT = tuple(f"0x{byte:02x}," for byte in range(256))

_HEADER = """\
// A TensorFlow Lite model, generated; {length:,} bytes.
#ifndef {guard}
#define {guard}

#include <cstddef>
#include <cstdint>

constexpr std::size_t {symbol}_length = {length};
// CRC-32 of IEEE 802.3, as zlib's and the ESP32's loader's.
constexpr std::uint32_t {symbol}_crc32 = 0x{crc32:08x};
alignas({alignment}) extern const unsigned char {symbol}[{symbol}_length];

#endif  // {guard}
"""

_SOURCE = """\
// A TensorFlow Lite model, generated; {length:,} bytes.
#include "{symbol}.h"

alignas({alignment}) const unsigned char {symbol}[{symbol}_length] = {{
{lines}
}};
"""


@dataclass(frozen=True)
class CSource:
    """A model as a C++ array.

    Attributes:
        header: Text of ``<symbol>.h``: the declarations of the array ``<symbol>`` and of the
            constants ``<symbol>_length`` in bytes and ``<symbol>_crc32``.
        source: Text of ``<symbol>.cc``, which includes that header.
    """

    header: str
    source: str


def symbol_of(variant: str) -> str:
    """A C++ name for a variant: ``model_C_5_D`` for ``C_5-D``."""
    return re.sub(r"[^0-9A-Za-z]+", "_", f"model_{variant}")


def c_source(model: bytes, symbol: str) -> CSource:
    """The model as a constant array, aligned to 16 bytes, with its length and its CRC-32.

    The same text for the same arguments, lines of at most 100 columns.

    Raises:
        ConversionError: ``symbol`` is no C++ name, or the model is empty.
    """
    if not re.fullmatch(r"[A-Za-z]\w*", symbol, flags=re.ASCII) or "__" in symbol:
        raise ConversionError(
            f"{symbol!r} cannot name a C++ array; wanted a letter, then letters, digits and single "
            "underscores, as symbol_of gives"
        )
    if not model:
        raise ConversionError(f"{symbol}: the model is empty; convert the network again")
    fields = {
        "symbol": symbol,
        "guard": f"{symbol.upper()}_H_",
        "length": len(model),
        "crc32": zlib.crc32(model),
        "alignment": ALIGNMENT,
    }
    rows = (model[start : start + _BYTES_A_LINE] for start in range(0, len(model), _BYTES_A_LINE))
    lines = "\n".join("    " + " ".join(_TEXT[byte] for byte in row) for row in rows)
    return CSource(_HEADER.format_map(fields), _SOURCE.format_map({**fields, "lines": lines}))
