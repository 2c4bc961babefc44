#include "har/model_partition.hpp"

#include <cstring>

#include "har/crc32.hpp"

namespace har {
namespace {

constexpr std::string_view kMagic = "HARM";
constexpr std::uint16_t kVersion = 1;
constexpr std::size_t kHeadBytes = 200;

std::uint32_t u32(const std::uint8_t* at) {
  return at[0] | std::uint32_t{at[1]} << 8U | std::uint32_t{at[2]} << 16U |
         std::uint32_t{at[3]} << 24U;
}

std::uint16_t u16(const std::uint8_t* at) {
  return static_cast<std::uint16_t>(at[0] | at[1] << 8U);
}

float f32(const std::uint8_t* at) {
  const std::uint32_t bits = u32(at);
  float value = 0.0F;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

std::string_view padded_text(const std::uint8_t* at, std::size_t size) {
  while (size > 0 && at[size - 1] == 0) {
    --size;
  }
  return {reinterpret_cast<const char*>(at), size};
}

bool starts_with_magic(Bytes partition, Text& why) {
  const std::string_view start(reinterpret_cast<const char*>(partition.data),
                               partition.size < kMagic.size() ? partition.size : kMagic.size());
  if (partition.size >= kModelOffset && start == kMagic) {
    return true;
  }
  why.put("model partition starts with ");
  why.quoted(start, kMagic.size());
  why.put(", wanted 'HARM': flash a model first");
  return false;
}

}  // namespace

bool read_model_partition(Bytes partition, ModelImage& image, Text& why) {
  why.clear();
  if (partition.size == 0) {
    why.put("no model partition in the partition table: flash the bench's firmware");
    return false;
  }
  if (!starts_with_magic(partition, why)) {
    return false;
  }
  const std::uint8_t* head = partition.data;
  if (crc32({head, kHeadBytes}) != u32(head + kHeadBytes)) {
    why.put("model partition: header's CRC-32 does not match: flash the model again");
    return false;
  }
  const std::uint16_t version = u16(head + 4);
  const std::uint16_t channels = u16(head + 6);
  if (version != kVersion || channels > kMaxChannels) {
    why.put("model partition: layout ");
    why.number(version);
    why.put(" with ");
    why.number(channels);
    why.put(" channels, wanted layout ");
    why.number(kVersion);
    why.put(" with at most ");
    why.number(kMaxChannels);
    why.put(": use a firmware and a bench of the same release");
    return false;
  }
  const std::size_t length = u32(head + 8);
  const std::uint32_t wanted = u32(head + 12);
  if (length > partition.size - kModelOffset) {
    why.put("model partition: model of ");
    why.number(length);
    why.put(" bytes in a partition of ");
    why.number(partition.size);
    why.put(": flash the model again");
    return false;
  }
  const Bytes model{head + kModelOffset, length};
  const std::uint32_t seen = crc32(model);
  if (seen != wanted) {
    why.put("model partition: CRC-32 of the model is ");
    why.hex(seen);
    why.put(", wanted ");
    why.hex(wanted);
    why.put(": flash the model again");
    return false;
  }
  image.name = padded_text(head + 16, 48);
  image.technique = padded_text(head + 64, 8);
  image.model = model;
  image.crc = seen;
  image.standardisation.channels = channels;
  for (std::size_t channel = 0; channel < kMaxChannels; ++channel) {
    image.standardisation.mean[channel] = f32(head + 72 + 4 * channel);
    image.standardisation.scale[channel] = f32(head + 136 + 4 * channel);
  }
  return true;
}

}  // namespace har
