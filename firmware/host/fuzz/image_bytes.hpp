// Bytes of a model partition whose checksums are right.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "har/crc32.hpp"
#include "har/model_partition.hpp"

namespace har {

inline void put_u32(std::uint8_t* at, std::uint32_t value) {
  for (unsigned index = 0; index < 4; ++index) {
    at[index] = static_cast<std::uint8_t>(value >> 8 * index);
  }
}

// Make the header's checksum that of the header, and the model's that of as much as is there.
inline void seal(std::vector<std::uint8_t>& partition) {
  if (partition.size() < kModelOffset) {
    return;
  }
  std::uint8_t* head = partition.data();
  std::uint32_t length = 0;
  for (unsigned index = 0; index < 4; ++index) {
    length |= std::uint32_t{head[8 + index]} << 8 * index;
  }
  if (length <= partition.size() - kModelOffset) {
    put_u32(head + 12, crc32({head + kModelOffset, length}));
  }
  put_u32(head + 200, crc32({head, 200}));
}

inline std::vector<std::uint8_t> sealed_image(std::uint16_t channels) {
  std::vector<std::uint8_t> partition(kModelOffset + 64);
  std::memcpy(partition.data(), "HARM", 4);
  partition[4] = 1;
  partition[6] = static_cast<std::uint8_t>(channels);
  partition[8] = 64;
  std::memcpy(partition.data() + 16, "fuzzed", 6);
  partition[64] = 'L';
  for (std::size_t channel = 0; channel < kMaxChannels; ++channel) {
    partition[136 + 4 * channel + 3] = 0x40;  // 2.0F
  }
  seal(partition);
  return partition;
}

}  // namespace har
