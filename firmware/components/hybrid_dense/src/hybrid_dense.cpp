#include "har/hybrid_dense.hpp"

#include <cstring>
#include <limits>

// Every product and sum below is rounded where it stands: built with -ffp-contract=off, because a
// fused multiply-add, which the ESP32 has, would give other last digits than other machines do.

namespace har {
namespace {

using Limits = std::numeric_limits<float>;

constexpr std::int32_t kSymmetricLimit = 127;
constexpr std::int32_t kLowest = -128;
constexpr std::int32_t kHighest = 127;

struct Range {
  float low;
  float high;
  bool finite;
};

struct Ends {
  float low;
  float high;

  float clamp(float value) const { return value < low ? low : (value > high ? high : value); }
};

constexpr Ends kUnbounded{-Limits::infinity(), Limits::infinity()};

bool ends_of(Activation activation, Ends* ends) {
  switch (activation) {
    case Activation::kNone:
      *ends = kUnbounded;
      return true;
    case Activation::kRelu:
      *ends = Ends{0.0F, kUnbounded.high};
      return true;
    case Activation::kReluN1To1:
      *ends = Ends{-1.0F, 1.0F};
      return true;
    case Activation::kRelu6:
      *ends = Ends{0.0F, 6.0F};
      return true;
  }
  return false;
}

template <typename Float>
Float magnitude(Float value) {
  return value < 0 ? -value : value;
}

// To the nearest whole number, halves away from zero; for magnitudes below 2^31.
template <typename Float>
std::int32_t rounded(Float value) {
  const auto whole = static_cast<std::int32_t>(value);
  const Float rest = value - static_cast<Float>(whole);
  if (rest >= Float{0.5}) return whole + 1;
  if (rest <= Float{-0.5}) return whole - 1;
  return whole;
}

// The ends of the values and zero.
Range range_of(const float* values, std::int32_t length) {
  Range range{0.0F, 0.0F, true};
  for (std::int32_t i = 0; i < length; ++i) {
    const float value = values[i];
    if (value < range.low) range.low = value;
    if (value > range.high) range.high = value;
    if (value != value) range.finite = false;
  }
  range.finite =
      range.finite && range.low >= -Limits::max() && range.high <= Limits::max();
  return range;
}

std::int32_t limited(std::int32_t value, std::int32_t low, std::int32_t high) {
  return value < low ? low : (value > high ? high : value);
}

// All steps zero: a row of zeros, or of values too small for the inverse of their scale; with a
// scale that is not a number, a row that cannot be quantised.
RowQuantisation zero_row(std::int32_t length, std::uint8_t* stored, float scale) {
  std::memset(stored, 0, static_cast<std::size_t>(length));
  return {scale, 0};
}

RowQuantisation quantise_symmetric(const float* values, std::int32_t length, Range range,
                                   std::uint8_t* stored) {
  const float largest = -range.low > range.high ? -range.low : range.high;
  const float inverse = largest == 0.0F ? 0.0F : static_cast<float>(kSymmetricLimit) / largest;
  if (largest == 0.0F || inverse > Limits::max()) return zero_row(length, stored, 1.0F);
  for (std::int32_t i = 0; i < length; ++i) {
    const std::int32_t steps = rounded(values[i] * inverse);
    stored[i] = static_cast<std::uint8_t>(limited(steps, -kSymmetricLimit, kSymmetricLimit));
  }
  return {largest / static_cast<float>(kSymmetricLimit), 0};
}

// The zero point that puts the end of the range on a step which moves least by it.
std::int32_t zero_point_of(double low_steps, double high_steps) {
  const double low_error = -kLowest + magnitude(low_steps);
  const double high_error = kHighest + magnitude(high_steps);
  const double exact = low_error < high_error ? kLowest - low_steps : kHighest - high_steps;
  if (exact <= kLowest) return kLowest;
  if (exact >= kHighest) return kHighest;
  return rounded(exact);
}

RowQuantisation quantise_asymmetric(const float* values, std::int32_t length, Range range,
                                    std::uint8_t* stored) {
  const float width = range.high - range.low;
  const double exact_scale = static_cast<double>(width) / (kHighest - kLowest);
  const auto scale = static_cast<float>(exact_scale);
  const float inverse = scale == 0.0F ? 0.0F : 1.0F / scale;
  if (scale == 0.0F || inverse > Limits::max()) return zero_row(length, stored, 1.0F);
  if (scale > Limits::max()) return zero_row(length, stored, Limits::quiet_NaN());
  const double low = range.low;
  const double high = range.high;
  const std::int32_t zero_point = zero_point_of(low / exact_scale, high / exact_scale);
  for (std::int32_t i = 0; i < length; ++i) {
    const std::int32_t steps = zero_point + rounded(values[i] * inverse);
    stored[i] = static_cast<std::uint8_t>(limited(steps, kLowest, kHighest) - kLowest);
  }
  return {scale, zero_point - kLowest};
}

template <typename Stored>
std::int32_t sum_of_products(const std::int8_t* weights, const Stored* stored,
                             std::int32_t length) {
  std::int32_t sum = 0;
  for (std::int32_t i = 0; i < length; ++i) sum += weights[i] * stored[i];
  return sum;
}

std::int32_t sum_of_products(const std::int8_t* weights, const std::uint8_t* stored,
                             std::int32_t length, std::int32_t zero_point) {
  if (zero_point == 0) return sum_of_products(weights, stored, length);
  std::int32_t sum = 0;
  for (std::int32_t i = 0; i < length; ++i) sum += weights[i] * (stored[i] - zero_point);
  return sum;
}

void hybrid_row(const HybridLayer& layer, const std::uint8_t* stored, RowQuantisation row,
                Ends ends, float* output) {
  const auto* with_sign = reinterpret_cast<const std::int8_t*>(stored);
  const std::int8_t* weights = layer.weights;
  for (std::int32_t unit = 0; unit < layer.units; ++unit, weights += layer.inputs) {
    const std::int32_t sum =
        layer.asymmetric ? sum_of_products(weights, stored, layer.inputs, row.zero_point)
                         : sum_of_products(weights, with_sign, layer.inputs);
    const float scale = row.scale * layer.scales[layer.scale_count == 1 ? 0 : unit];
    const float start = layer.bias == nullptr ? 0.0F : layer.bias[unit];
    output[unit] = ends.clamp(start + static_cast<float>(sum) * scale);
  }
}

bool is_shape(std::int32_t rows, std::int32_t units, std::int32_t inputs) {
  return rows >= 1 && units >= 1 && inputs >= 1 && inputs <= kMaxInputs;
}

// 2 to the power of a whole number from -126 to 0.
float power_of_two(std::int32_t exponent) {
  const auto bits = static_cast<std::uint32_t>(exponent + 127) << 23U;
  float value = 0.0F;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// Of 7 to 0.
constexpr float kInverseFactorials[] = {1.0F / 5040, 1.0F / 720, 1.0F / 120, 1.0F / 24,
                                        1.0F / 6,    1.0F / 2,   1.0F,       1.0F};

// exp(x) for x up to zero, to two units in the last place; zero where it is below 2^-126.
// x = n ln 2 + r with |r| up to half of ln 2, where the series to r^7 leaves 6e-9 of the value.
float exponential(float x) {
  constexpr float kSmallest = -87.0F;
  constexpr float kLog2E = 1.44269504F;
  constexpr float kLn2High = 0.693359375F;  // its product with n is exact
  constexpr float kLn2Low = -2.12194440e-4F;
  if (x != x) return x;
  if (x < kSmallest) return 0.0F;
  const std::int32_t n = rounded(x * kLog2E);
  const auto whole = static_cast<float>(n);
  const float r = (x - whole * kLn2High) - whole * kLn2Low;
  float series = 0.0F;
  for (const float coefficient : kInverseFactorials) series = series * r + coefficient;
  return series * power_of_two(n);
}

void softmax_row(const float* input, std::int32_t width, float beta, float* output) {
  float largest = input[0];
  for (std::int32_t i = 1; i < width; ++i) {
    if (input[i] > largest) largest = input[i];
  }
  float sum = 0.0F;
  for (std::int32_t i = 0; i < width; ++i) {
    output[i] = exponential((input[i] - largest) * beta);
    sum += output[i];
  }
  for (std::int32_t i = 0; i < width; ++i) output[i] /= sum;
}

}  // namespace

RowQuantisation quantise_row(const float* values, std::int32_t length, bool asymmetric,
                             std::uint8_t* stored) {
  const Range range = range_of(values, length);
  if (!range.finite) return zero_row(length, stored, Limits::quiet_NaN());
  return asymmetric ? quantise_asymmetric(values, length, range, stored)
                    : quantise_symmetric(values, length, range, stored);
}

Status hybrid_dense(const HybridLayer& layer, const float* input, std::int32_t rows,
                    std::uint8_t* scratch, std::size_t scratch_bytes, float* output) {
  Ends ends = kUnbounded;
  if (!is_shape(rows, layer.units, layer.inputs)) return Status::kShape;
  if (layer.scale_count != 1 && layer.scale_count != layer.units) return Status::kScales;
  if (!ends_of(layer.activation, &ends)) return Status::kActivation;
  if (scratch_bytes < hybrid_scratch_bytes(layer.inputs)) return Status::kScratch;
  for (std::int32_t i = 0; i < rows; ++i, input += layer.inputs, output += layer.units) {
    const RowQuantisation row = quantise_row(input, layer.inputs, layer.asymmetric, scratch);
    hybrid_row(layer, scratch, row, ends, output);
  }
  return Status::kOk;
}

Status float_dense(const FloatLayer& layer, const float* input, std::int32_t rows, float* output) {
  Ends ends = kUnbounded;
  if (!is_shape(rows, layer.units, layer.inputs)) return Status::kShape;
  if (!ends_of(layer.activation, &ends)) return Status::kActivation;
  for (std::int32_t i = 0; i < rows; ++i, input += layer.inputs) {
    const float* weights = layer.weights;
    for (std::int32_t unit = 0; unit < layer.units; ++unit, weights += layer.inputs) {
      float sum = 0.0F;
      for (std::int32_t k = 0; k < layer.inputs; ++k) sum += input[k] * weights[k];
      *output++ = ends.clamp(layer.bias == nullptr ? sum : sum + layer.bias[unit]);
    }
  }
  return Status::kOk;
}

Status softmax(const float* input, std::int32_t rows, std::int32_t width, float beta,
               float* output) {
  if (!is_shape(rows, width, 1)) return Status::kShape;
  if (!(beta > 0.0F && beta <= Limits::max())) return Status::kBeta;
  for (std::int32_t i = 0; i < rows; ++i, input += width, output += width) {
    softmax_row(input, width, beta, output);
  }
  return Status::kOk;
}

}  // namespace har
