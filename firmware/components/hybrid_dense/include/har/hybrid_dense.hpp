// Dense layers and softmax of float32 rows, in arithmetic that gives the same bytes on every machine.
//
// TensorFlow Lite Micro refuses FULLY_CONNECTED with float32 input and int8 weights, which is what
// dynamic range quantization leaves. `hybrid_dense` computes it as LiteRT's reference kernel does:
// each row of the input is quantised to int8 when it is known, products are summed as int32, and
// the sum is scaled by the row's scale times the weights'. `float_dense` and `softmax` are the
// layers that follow it. Nothing here takes memory, throws, or calls the C library's mathematics.
#pragma once

#include <cstddef>
#include <cstdint>

namespace har {

// Fused activations, numbered as the model's schema numbers them.
enum class Activation : std::int32_t { kNone = 0, kRelu = 1, kReluN1To1 = 2, kRelu6 = 3 };

// Why a layer was not computed; its output is untouched then, unless it is kOk.
enum class Status : std::int32_t {
  kOk = 0,
  kShape = 1,       // rows, units, inputs or width below one, or more inputs than kMaxInputs
  kScales = 2,      // neither one scale nor one for each unit
  kActivation = 3,  // an activation that is not of Activation
  kScratch = 4,     // fewer bytes of scratch than hybrid_scratch_bytes says
  kBeta = 5,        // a softmax's beta that is not above zero and finite
};

// Largest number of inputs whose sum of products (255 times 128 each) an int32 holds for certain.
inline constexpr std::int32_t kMaxInputs = 65'000;

// Float32 by int8: units x inputs weights in rows, their scale for all units or for each.
struct HybridLayer {
  const std::int8_t* weights;
  const float* scales;
  std::int32_t scale_count;  // 1 or units
  const float* bias;         // for each unit, or null
  std::int32_t units;
  std::int32_t inputs;
  bool asymmetric;  // whether the input's quantisation has a zero point, as the operator says
  Activation activation;
};

// Float32 by float32.
struct FloatLayer {
  const float* weights;  // units x inputs, in rows
  const float* bias;     // for each unit, or null
  std::int32_t units;
  std::int32_t inputs;
  Activation activation;
};

// What the bytes of a row stand for: (byte - zero_point) * scale. A byte has a sign in a symmetric
// row, whose zero point is 0; in an asymmetric one it has none, and is 128 above LiteRT's int8: so
// a row without negative values, such as a ReLU leaves, has no zero point to subtract.
struct RowQuantisation {
  float scale;
  std::int32_t zero_point;
};

// Bytes of scratch that hybrid_dense needs: the row that it works on, whatever the number of rows.
constexpr std::size_t hybrid_scratch_bytes(std::int32_t inputs) {
  return static_cast<std::size_t>(inputs);
}

// Quantises `length` values into `stored`, halves away from zero. A row that is not all finite, or
// whose range is no float, gets a scale that is not a number.
RowQuantisation quantise_row(const float* values, std::int32_t length, bool asymmetric,
                             std::uint8_t* stored);

// `input` is rows x inputs, `output` rows x units; they may not overlap. Weights are from -127 to
// 127, as converters make them. A row that cannot be quantised gives an output that is no number.
Status hybrid_dense(const HybridLayer& layer, const float* input, std::int32_t rows,
                    std::uint8_t* scratch, std::size_t scratch_bytes, float* output);

Status float_dense(const FloatLayer& layer, const float* input, std::int32_t rows, float* output);

// exp(beta * x) over its sum, for each of `rows` rows of `width`; `output` may be `input`.
Status softmax(const float* input, std::int32_t rows, std::int32_t width, float beta,
               float* output);

}  // namespace har
