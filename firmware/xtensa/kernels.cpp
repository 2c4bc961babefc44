// The kernels, asked by the host: a request, its arrays, and back status, cycles and output.
#include "har/hybrid_dense.hpp"
#include "har_hybrid_dense.h"
#include "host.hpp"

namespace {

enum Function : std::int32_t { kHybridDense, kFloatDense, kSoftmax, kQuantiseRow, kNothing };

// Sizes in bytes; an array that is not there has -1.
struct Request {
  std::int32_t function;
  std::int32_t rows;
  std::int32_t units;
  std::int32_t inputs;
  std::int32_t scale_count;
  std::int32_t asymmetric;
  std::int32_t activation;
  float beta;
  std::int32_t weights_size;
  std::int32_t scales_size;
  std::int32_t bias_size;
  std::int32_t input_size;
  std::int32_t scratch_size;
  std::int32_t output_size;
};

constexpr std::int32_t kAlignment = 16;
alignas(kAlignment) std::uint8_t memory[8 * 1024 * 1024];
std::int32_t used = 0;

std::uint8_t* take(std::int32_t size) {
  if (size < 0) return nullptr;
  std::uint8_t* at = memory + used;
  used += (size + kAlignment - 1) / kAlignment * kAlignment;
  return at;
}

template <typename Element>
const Element* array(std::int32_t size) {
  std::uint8_t* at = take(size);
  if (at != nullptr) host::read(at, static_cast<std::size_t>(size));
  return reinterpret_cast<const Element*>(at);
}

std::int32_t quantise(const Request& asked, const float* input, std::uint8_t* stored) {
  har::quantise_row(input, asked.inputs, asked.asymmetric != 0, stored);
  return 0;
}

void answer(const Request& asked) {
  used = 0;
  const auto* weights = array<std::int8_t>(asked.weights_size);
  const auto* scales = array<float>(asked.scales_size);
  const auto* bias = array<float>(asked.bias_size);
  const auto* input = array<float>(asked.input_size);
  std::uint8_t* scratch = take(asked.scratch_size);
  std::uint8_t* output = take(asked.output_size);
  for (std::int32_t i = 0; i < asked.output_size; ++i) output[i] = 0xFF;  // no number
  auto* floats = reinterpret_cast<float*>(output);
  std::int32_t status = 0;

  const std::uint32_t before = cycle_count();
  switch (asked.function) {
    case kHybridDense:
      status = har_hybrid_dense(weights, scales, asked.scale_count, bias, asked.units, asked.inputs,
                                asked.asymmetric, asked.activation, input, asked.rows, scratch,
                                asked.scratch_size, floats);
      break;
    case kFloatDense:
      status = har_float_dense(reinterpret_cast<const float*>(weights), bias, asked.units,
                               asked.inputs, asked.activation, input, asked.rows, floats);
      break;
    case kSoftmax:
      status = har_softmax(input, asked.rows, asked.inputs, asked.beta, floats);
      break;
    case kQuantiseRow:
      status = quantise(asked, input, output);
      break;
    default:
      break;
  }
  const std::uint32_t after = cycle_count();

  host::put(status);
  host::put(after - before);
  host::write(output, static_cast<std::size_t>(asked.output_size));
}

}  // namespace

int main() {
  Request asked{};
  while (host::read(&asked, sizeof asked)) answer(asked);
  return 0;
}
