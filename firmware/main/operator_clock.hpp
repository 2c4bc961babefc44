// Times the operators of one inference by the processor's cycle counter.
//
// TFLM's own MicroProfiler keeps 4,096 events and their sums: 80 KB of RAM.
#pragma once

#include <array>
#include <cstdint>

#include "esp_cpu.h"
#include "esp_rom_sys.h"
#include "har/runtime.hpp"
#include "tensorflow/lite/micro/micro_profiler_interface.h"

namespace har {

class OperatorClock final : public tflite::MicroProfilerInterface {
 public:
  // Off, it costs an inference two calls for each operator and reads no counter.
  void start() {
    size_ = 0;
    on_ = true;
  }
  void stop() { on_ = false; }

  std::uint32_t BeginEvent(const char* tag) override {
    if (!on_ || size_ == events_.size()) {
      return kNone;
    }
    events_[size_] = {tag, esp_cpu_get_cycle_count(), 0};
    return size_++;
  }

  void EndEvent(std::uint32_t event) override {
    if (event != kNone) {
      // Modulo 2^32: right for operators of up to 26 s at 160 MHz.
      events_[event].cycles = esp_cpu_get_cycle_count() - events_[event].begin;
    }
  }

  std::size_t size() const { return size_; }
  OperatorTime time(std::size_t index) const {
    return {events_[index].tag, static_cast<double>(events_[index].cycles) /
                                    esp_rom_get_cpu_ticks_per_us()};
  }

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  struct Event {
    const char* tag;
    std::uint32_t begin;
    std::uint32_t cycles;
  };

  std::array<Event, 32> events_{};
  std::uint32_t size_ = 0;
  bool on_ = false;
};

}  // namespace har
