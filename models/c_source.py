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
constexpr char {symbol}_name[] = {name};
constexpr char {symbol}_technique[] = {technique};
// The model takes (value - mean) / scale of each channel; without channels, values as they are.
constexpr std::size_t {symbol}_channels = {channels};
constexpr float {symbol}_mean[] = {{{mean}}};
constexpr float {symbol}_scale[] = {{{scale}}};
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
class Identity:
    """What a device must know of a model beside its bytes.

    Attributes:
        name: The network's.
        technique: ``L``, ``D``, ``F`` or a user's own word.
        mean: Of each channel in its unit; empty where the model takes its input tensor as it is.
        scale: Of each channel, as many.
    """

    name: str
    technique: str
    mean: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()


@dataclass(frozen=True)
class CSource:
    """A model as a C++ array.

    Attributes:
        header: Text of ``<symbol>.h``: the declaration of the array ``<symbol>``, and the constants
            ``<symbol>_length`` in bytes, ``_crc32``, ``_name``, ``_technique``, ``_channels``,
            ``_mean`` and ``_scale``; without channels the last two have a single 0.
        source: Text of ``<symbol>.cc``, which includes that header.
    """

    header: str
    source: str


def symbol_of(variant: str) -> str:
    """A C++ name for a variant: ``model_C_5_D`` for ``C_5-D``."""
    return re.sub(r"[^0-9A-Za-z]+", "_", f"model_{variant}")


def c_source(model: bytes, symbol: str, identity: Identity) -> CSource:
    """The model as a constant array, aligned to 16 bytes, with its length, CRC-32 and identity.

    The same text for the same arguments, lines of at most 100 columns.

    Raises:
        ConversionError: ``symbol`` is no C++ name, the model is empty, or there are not as many
            scales as means.
    """
    if not re.fullmatch(r"[A-Za-z]\w*", symbol, flags=re.ASCII) or "__" in symbol:
        raise ConversionError(
            f"{symbol!r} cannot name a C++ array; wanted a letter, then letters, digits and single "
            "underscores, as symbol_of gives"
        )
    if not model:
        raise ConversionError(f"{symbol}: the model is empty; convert the network again")
    if len(identity.mean) != len(identity.scale):
        raise ConversionError(
            f"{symbol}: {len(identity.mean)} means and {len(identity.scale)} scales; wanted one of"
            " each for a channel: train the network again"
        )
    fields = {
        "symbol": symbol,
        "guard": f"{symbol.upper()}_H_",
        "length": len(model),
        "crc32": zlib.crc32(model),
        "alignment": ALIGNMENT,
        "name": _literal(identity.name),
        "technique": _literal(identity.technique),
        "channels": len(identity.mean),
        "mean": _floats(identity.mean),
        "scale": _floats(identity.scale),
    }
    rows = (model[start : start + _BYTES_A_LINE] for start in range(0, len(model), _BYTES_A_LINE))
    lines = "\n".join("    " + " ".join(_TEXT[byte] for byte in row) for row in rows)
    return CSource(_HEADER.format_map(fields), _SOURCE.format_map({**fields, "lines": lines}))


def _literal(text: str) -> str:
    """A C++ string; what is not a letter, digit, space or ``_-.`` is written in octal."""
    plain = re.compile(rb"[0-9A-Za-z _.-]")
    escaped = "".join(
        chr(byte) if plain.match(bytes([byte])) else f"\\{byte:03o}" for byte in text.encode()
    )
    return f'"{escaped}"'


def _floats(values: tuple[float, ...]) -> str:
    """Float32 literals: nine significant digits tell every float32 from its neighbours."""
    return ", ".join(f"{value:.8e}F" for value in values or (0.0,))
