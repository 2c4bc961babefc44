// From what the console or the sensor gives to the input tensor, and from the output tensor back.
#pragma once

#include <cstddef>
#include <cstdint>

#include "har/bytes.hpp"
#include "har/model_partition.hpp"
#include "har/tensor.hpp"

namespace har {

// A real number as an integer tensor stores it: value / scale + zero point, rounded half away from
// zero as the runtimes' QUANTIZE operator does and saturated at [low, high]. NaN gives `low`.
std::int32_t quantised(float value, const Tensor& tensor, std::int32_t low, std::int32_t high);

// Bytes of one input as it is loaded: raw float32 values where channels are standardised, else the
// tensor's own.
std::size_t raw_bytes(const Standardisation& standardisation, const Tensor& input);

// Standardise raw values, time-major with `standardisation.channels` values for each moment, and
// write them as `input` stores them.
//   raw     `raw_bytes` bytes, little-endian float32, of any alignment
//   tensor  at least `input.bytes` bytes, of any alignment
// Returns nullptr, or why this tensor cannot take standardised values.
const char* standardise(const Standardisation& standardisation, const Tensor& input,
                        const std::uint8_t* raw, std::uint8_t* tensor);

// What the element `index` of an output tensor stands for; NaN for a type that has no reading.
float real_element(const Tensor& output, const std::uint8_t* data, std::size_t index);

}  // namespace har
