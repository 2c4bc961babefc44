// The input of the next inferences, as it was loaded and as the tensor takes it.
#pragma once

#include <cstddef>

#include "har/bytes.hpp"

namespace har {

// Lies in memory that its owner gives: what was loaded in front, the tensor made of it behind.
class InputBuffer {
 public:
  explicit InputBuffer(MutableBytes memory) : memory_(memory) {}

  std::size_t capacity() const { return memory_.size; }
  std::size_t expected() const { return expected_; }
  bool complete() const { return loaded_ == expected_; }
  Bytes loaded() const { return {memory_.data, loaded_}; }

  // Forget what was loaded and expect `size` bytes, at most `capacity`.
  void expect(std::size_t size);
  // Take more of them; false, and nothing is taken, where they are more than expected.
  bool append(Bytes data);
  // What is left behind what was loaded.
  MutableBytes rest() const { return {memory_.data + loaded_, memory_.size - loaded_}; }

 private:
  MutableBytes memory_;
  std::size_t expected_ = 0;
  std::size_t loaded_ = 0;
};

}  // namespace har
