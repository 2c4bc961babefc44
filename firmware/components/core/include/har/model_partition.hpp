// The model partition: a header that is checked before the model behind it is used.
//
// All numbers are little-endian. The model follows at `kModelOffset`, a multiple of 16 as
// TensorFlow Lite Micro wants it.
//
//   offset bytes meaning
//        0     4 magic "HARM"
//        4     2 version of this layout (1)
//        6     2 channels that are standardised, 0 for a model that takes raw tensors
//        8     4 length of the model in bytes
//       12     4 CRC-32 of the model
//       16    48 name, UTF-8, padded with zeros
//       64     8 technique, UTF-8, padded with zeros
//       72  4x16 mean of each channel, float32
//      136  4x16 scale of each channel, float32
//      200     4 CRC-32 of the first 200 bytes
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "har/bytes.hpp"
#include "har/text.hpp"

namespace har {

constexpr std::size_t kModelOffset = 208;
constexpr std::size_t kMaxChannels = 16;

// What is subtracted from and divides each channel, in the channel's unit; no channels: nothing is.
struct Standardisation {
  std::size_t channels = 0;
  std::array<float, kMaxChannels> mean{};
  std::array<float, kMaxChannels> scale{};
};

// What the partition holds; name, technique and model point into it.
struct ModelImage {
  std::string_view name;
  std::string_view technique;
  Bytes model;
  std::uint32_t crc = 0;
  Standardisation standardisation;
};

// Read a mapped partition, which may go on behind the model. Returns whether header and model are
// what their checksums say; otherwise `why` says what is wrong.
bool read_model_partition(Bytes partition, ModelImage& image, Text& why);

}  // namespace har
