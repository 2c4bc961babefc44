// Stretches of memory that belong to somebody else.
#pragma once

#include <cstddef>
#include <cstdint>

namespace har {

struct Bytes {
  const std::uint8_t* data = nullptr;
  std::size_t size = 0;
};

struct MutableBytes {
  std::uint8_t* data = nullptr;
  std::size_t size = 0;
};

}  // namespace har
