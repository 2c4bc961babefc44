// Bytes inside a command, which ends with '%'.
//
// '%' and '}' are sent as '}' and the byte with bit 5 flipped (as in HDLC), so a payload never holds
// the '%' that ends its command: bytes that are lost or cut off spoil one command and no other.
#pragma once

#include <optional>

#include "har/bytes.hpp"

namespace har {

constexpr std::uint8_t kEscape = '}';
constexpr std::uint8_t kEscapedBit = 0x20;

// Undo that in place: the bytes, in the front of `payload`; nothing where it ends in an escape.
std::optional<Bytes> unescaped(MutableBytes payload);

}  // namespace har
