// What a model takes and gives.
#pragma once

#include <cstddef>
#include <cstdint>

namespace har {

enum class ElementType : std::uint8_t { kOther, kFloat32, kInt8, kUint8, kInt16, kInt32 };

// An input or output tensor. For integer types, real = scale * (stored - zero_point); `scale` is 0
// for a tensor without quantisation, whose elements stand for themselves.
struct Tensor {
  ElementType type = ElementType::kOther;
  std::size_t elements = 0;
  std::size_t bytes = 0;
  float scale = 0.0F;
  std::int32_t zero_point = 0;
};

}  // namespace har
