#include "har/window_buffer.hpp"

#include <algorithm>

namespace har {

bool WindowBuffer::push(const Sample& sample) {
  if (samples_ > 0 && (interrupted_ || sample.number != expected_)) {
    note_gap(sample.number);
  }
  interrupted_ = false;
  expected_ = sample.number + 1;
  ring_[next_] = sample.values;
  next_ = (next_ + 1) % kWindowSamples;
  filled_ = std::min(filled_ + 1, kWindowSamples);
  ++since_window_;
  ++samples_;
  if (filled_ < kWindowSamples || since_window_ < kWindowStep) {
    return false;
  }
  since_window_ = 0;
  ++windows_;
  return true;
}

std::array<Bytes, 2> WindowBuffer::window() const {
  constexpr std::size_t kSampleBytes = sizeof ring_.front();
  static_assert(kSampleBytes * kWindowSamples == kWindowBytes, "the ring has no padding");
  const auto* ring = reinterpret_cast<const std::uint8_t*>(ring_.data());
  const std::size_t oldest = next_ * kSampleBytes;
  return {Bytes{ring + oldest, kWindowBytes - oldest}, Bytes{ring, oldest}};
}

void WindowBuffer::clear() {
  next_ = filled_ = since_window_ = 0;
  expected_ = samples_ = gaps_ = missing_ = windows_ = 0;
  interrupted_ = false;
}

void WindowBuffer::note_gap(std::uint32_t number) {
  ++gaps_;
  missing_ += number - expected_;  // modulo 2^32, as the sensor counts
  filled_ = since_window_ = 0;
}

}  // namespace har
