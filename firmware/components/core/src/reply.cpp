#include "har/reply.hpp"

#include <algorithm>
#include <cstring>

namespace har {

void Reply::put(std::string_view text) {
  while (!text.empty()) {
    const std::size_t count = std::min(text.size(), gathered_.size() - size_);
    std::memcpy(gathered_.data() + size_, text.data(), count);
    size_ += count;
    text.remove_prefix(count);
    if (size_ == gathered_.size()) {
      flush();
    }
  }
}

void Reply::flush() {
  if (size_ > 0) {
    port_.write({reinterpret_cast<const std::uint8_t*>(gathered_.data()), size_});
    size_ = 0;
  }
}

}  // namespace har
