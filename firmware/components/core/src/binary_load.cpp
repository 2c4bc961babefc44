#include "har/binary_load.hpp"

namespace har {

std::optional<Bytes> unescaped(MutableBytes payload) {
  std::size_t kept = 0;
  for (std::size_t index = 0; index < payload.size; ++index) {
    std::uint8_t byte = payload.data[index];
    if (byte == kEscape) {
      if (++index == payload.size) {
        return std::nullopt;
      }
      byte = static_cast<std::uint8_t>(payload.data[index] ^ kEscapedBit);
    }
    payload.data[kept++] = byte;
  }
  return Bytes{payload.data, kept};
}

}  // namespace har
