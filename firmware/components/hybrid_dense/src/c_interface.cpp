#include "har/hybrid_dense.hpp"
#include "har_hybrid_dense.h"

namespace {

std::int32_t number(har::Status status) { return static_cast<std::int32_t>(status); }

}  // namespace

std::int32_t har_hybrid_dense(const std::int8_t* weights, const float* scales,
                              std::int32_t scale_count, const float* bias, std::int32_t units,
                              std::int32_t inputs, std::int32_t asymmetric,
                              std::int32_t activation, const float* input, std::int32_t rows,
                              std::uint8_t* scratch, std::int32_t scratch_bytes, float* output) {
  const har::HybridLayer layer{weights,
                               scales,
                               scale_count,
                               bias,
                               units,
                               inputs,
                               asymmetric != 0,
                               static_cast<har::Activation>(activation)};
  const auto room = static_cast<std::size_t>(scratch_bytes < 0 ? 0 : scratch_bytes);
  return number(har::hybrid_dense(layer, input, rows, scratch, room, output));
}

std::int32_t har_float_dense(const float* weights, const float* bias, std::int32_t units,
                             std::int32_t inputs, std::int32_t activation, const float* input,
                             std::int32_t rows, float* output) {
  const har::FloatLayer layer{weights, bias, units, inputs,
                              static_cast<har::Activation>(activation)};
  return number(har::float_dense(layer, input, rows, output));
}

std::int32_t har_softmax(const float* input, std::int32_t rows, std::int32_t width, float beta,
                         float* output) {
  return number(har::softmax(input, rows, width, beta, output));
}
