// CRC-32 of IEEE 802.3, as zlib's and the ESP32's loader's.
#pragma once

#include <cstdint>

#include "har/bytes.hpp"

namespace har {

std::uint32_t crc32(Bytes data);

}  // namespace har
