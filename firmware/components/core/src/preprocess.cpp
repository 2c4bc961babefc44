#include "har/preprocess.hpp"

#include <cmath>
#include <cstring>
#include <limits>

namespace har {
namespace {

// Memory of the console and of models has no particular alignment, hence copies.
template <typename T>
T load(const std::uint8_t* data, std::size_t index) {
  T value;
  std::memcpy(&value, data + index * sizeof value, sizeof value);
  return value;
}

template <typename T>
void store(std::uint8_t* data, std::size_t index, T value) {
  std::memcpy(data + index * sizeof value, &value, sizeof value);
}

template <typename T>
void store_quantised(std::uint8_t* data, std::size_t index, float value, const Tensor& tensor) {
  using Limits = std::numeric_limits<T>;
  store(data, index, static_cast<T>(quantised(value, tensor, Limits::min(), Limits::max())));
}

bool store_element(const Tensor& tensor, std::uint8_t* data, std::size_t index, float value) {
  switch (tensor.type) {
    case ElementType::kFloat32:
      store(data, index, value);
      return true;
    case ElementType::kInt8:
      store_quantised<std::int8_t>(data, index, value, tensor);
      return true;
    case ElementType::kUint8:
      store_quantised<std::uint8_t>(data, index, value, tensor);
      return true;
    case ElementType::kInt16:
      store_quantised<std::int16_t>(data, index, value, tensor);
      return true;
    case ElementType::kInt32:
    case ElementType::kOther:
      break;
  }
  return false;
}

float stored_element(const Tensor& tensor, const std::uint8_t* data, std::size_t index) {
  switch (tensor.type) {
    case ElementType::kFloat32:
      return load<float>(data, index);
    case ElementType::kInt8:
      return static_cast<float>(load<std::int8_t>(data, index));
    case ElementType::kUint8:
      return static_cast<float>(load<std::uint8_t>(data, index));
    case ElementType::kInt16:
      return static_cast<float>(load<std::int16_t>(data, index));
    case ElementType::kInt32:
      return static_cast<float>(load<std::int32_t>(data, index));
    case ElementType::kOther:
      break;
  }
  return std::numeric_limits<float>::quiet_NaN();
}

}  // namespace

std::int32_t quantised(float value, const Tensor& tensor, std::int32_t low, std::int32_t high) {
  const float scaled = value / tensor.scale;
  const float steps = std::trunc(scaled + std::copysign(0.5F, scaled));
  const float stored = steps + static_cast<float>(tensor.zero_point);
  if (!(stored > static_cast<float>(low))) {
    return low;
  }
  return stored >= static_cast<float>(high) ? high : static_cast<std::int32_t>(stored);
}

std::size_t raw_bytes(const Standardisation& standardisation, const Tensor& input) {
  return standardisation.channels > 0 ? input.elements * sizeof(float) : input.bytes;
}

const char* standardise(const Standardisation& standardisation, const Tensor& input,
                        const std::uint8_t* raw, std::uint8_t* tensor) {
  if (input.elements % standardisation.channels != 0) {
    return "input: the tensor's elements do not divide into the channels that are standardised";
  }
  if (input.type != ElementType::kFloat32 && input.scale == 0.0F) {
    return "input: an integer tensor without scale cannot take standardised values";
  }
  for (std::size_t index = 0; index < input.elements; ++index) {
    const std::size_t channel = index % standardisation.channels;
    const float centred = load<float>(raw, index) - standardisation.mean[channel];
    if (!store_element(input, tensor, index, centred / standardisation.scale[channel])) {
      return "input: a tensor of this type cannot take standardised values";
    }
  }
  return nullptr;
}

float real_element(const Tensor& output, const std::uint8_t* data, std::size_t index) {
  const float stored = stored_element(output, data, index);
  if (output.type == ElementType::kFloat32 || output.scale == 0.0F) {
    return stored;
  }
  return (stored - static_cast<float>(output.zero_point)) * output.scale;
}

}  // namespace har
