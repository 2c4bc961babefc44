// The window over live samples: the last 128 of them, complete every 64.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "har/bytes.hpp"
#include "har/port.hpp"

namespace har {

constexpr std::size_t kWindowSamples = 128;  // 2.56 s at 50 Hz
constexpr std::size_t kWindowStep = 64;      // neighbouring windows share half of their samples
constexpr std::size_t kWindowBytes = kWindowSamples * kSensorChannels * sizeof(float);

// A ring of samples, with what was counted on the way. No window spans a gap: where the sensor's
// readings do not follow each other, or one was late, the ring starts afresh.
class WindowBuffer {
 public:
  // Adds a sample. Returns whether a window is complete: after 128 samples without a gap, then
  // every 64 samples.
  bool push(const Sample& sample);

  // No sample came when one was due: whatever comes next, there is a gap before it.
  void interrupt() { interrupted_ = true; }

  // The last 128 samples, oldest first, as float32: two stretches that follow each other. They are
  // a window right after a `push` that returned true, and stay until the next.
  std::array<Bytes, 2> window() const;

  // Forgets all samples and counts.
  void clear();

  std::uint32_t samples() const { return samples_; }  // pushed
  std::uint32_t gaps() const { return gaps_; }        // before which the ring was emptied
  std::uint32_t missing() const { return missing_; }  // readings of the sensor that never came
  std::uint32_t windows() const { return windows_; }  // completed

 private:
  void note_gap(std::uint32_t number);

  std::array<std::array<float, kSensorChannels>, kWindowSamples> ring_{};
  std::size_t next_ = 0;          // where the next sample goes: the place of a full ring's oldest
  std::size_t filled_ = 0;        // samples since the last gap, at most 128
  std::size_t since_window_ = 0;  // samples since the last window or gap
  std::uint32_t expected_ = 0;    // number of the reading that follows the last
  bool interrupted_ = false;
  std::uint32_t samples_ = 0;
  std::uint32_t gaps_ = 0;
  std::uint32_t missing_ = 0;
  std::uint32_t windows_ = 0;
};

}  // namespace har
