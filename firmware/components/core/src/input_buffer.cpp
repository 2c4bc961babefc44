#include "har/input_buffer.hpp"

#include <cstring>

namespace har {

void InputBuffer::expect(std::size_t size) {
  expected_ = size;
  loaded_ = 0;
}

bool InputBuffer::append(Bytes data) {
  if (data.size > expected_ - loaded_) {
    return false;
  }
  if (data.size > 0) {
    std::memcpy(memory_.data + loaded_, data.data, data.size);
    loaded_ += data.size;
  }
  return true;
}

}  // namespace har
