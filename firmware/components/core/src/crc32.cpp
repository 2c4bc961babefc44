#include "har/crc32.hpp"

#include <array>

namespace har {
namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) {
      rest = (rest >> 1U) ^ ((rest & 1U) != 0 ? 0xEDB88320U : 0U);
    }
    table[byte] = rest;
  }
  return table;
}

constexpr std::array<std::uint32_t, 256> kTable = make_table();

}  // namespace

std::uint32_t crc32(Bytes data) {
  std::uint32_t rest = 0xFFFFFFFFU;
  for (std::size_t index = 0; index < data.size; ++index) {
    rest = kTable[(rest ^ data.data[index]) & 0xFFU] ^ (rest >> 8U);
  }
  return ~rest;
}

}  // namespace har
