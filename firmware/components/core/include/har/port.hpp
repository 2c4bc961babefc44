// What the core needs of the board that it runs on: ESP-IDF's drivers, or the simulated chip.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "har/bytes.hpp"
#include "har/model_partition.hpp"

namespace har {

constexpr std::size_t kSensorChannels = 6;

// One reading of the sensor. `number` counts the sensor's readings since sampling was started, also
// those that nobody fetched, so that a gap shows. `values`: acceleration along x, y, z in g, then
// angular rate about x, y, z in rad/s.
struct Sample {
  std::uint32_t number = 0;
  std::array<float, kSensorChannels> values{};
};

class Port {
 public:
  Port() = default;
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;
  virtual ~Port() = default;

  // What runs here: name and version of the application's description.
  virtual std::string_view name() const = 0;
  virtual std::string_view version() const = 0;
  virtual std::uint32_t clock_hz() const = 0;

  // The mapped partition labelled "model", header and all, valid for ever and aligned to 16 bytes;
  // empty where there is none.
  virtual Bytes model_partition() = 0;
  // The model that is part of the application, which then needs no partition; nullptr: it has none.
  virtual const ModelImage* embedded_model() { return nullptr; }

  // The console's UART. `write` may return before the bytes have left; `drain` returns once the
  // last stop bit has.
  virtual void write(Bytes text) = 0;
  virtual void drain() = 0;

  // Microseconds since the start.
  virtual std::uint64_t micros() = 0;
  // The marker pin: high during a window.
  virtual void marker(bool level) = 0;
  // A falling edge on MLPerf's timestamp pin, which is another one; returns `micros` of that edge.
  virtual std::uint64_t timestamp() = 0;
  // Let time pass, idle at the same clock.
  virtual void wait(std::uint32_t micros) = 0;

  // The sensor, sampled at 50 Hz. `start_sampling` returns nullptr, or why it cannot (text that
  // stays valid). `read_sample` waits for the next reading, asleep where the drivers allow, and
  // returns false if none came within `timeout_micros`.
  virtual const char* start_sampling() = 0;
  virtual bool read_sample(Sample& sample, std::uint32_t timeout_micros) = 0;
  virtual void stop_sampling() = 0;
  // What the board does between two samples, in words.
  virtual std::string_view idle_between_samples() const { return "awake"; }

  // Whether bytes have come on the console while a command runs; they are discarded.
  virtual bool interrupted() { return false; }

  // False once a reset has ended this boot, after which the calls above do nothing: whatever
  // repeats itself looks here and returns. Code on a chip never sees its own end.
  virtual bool running() const { return true; }
};

}  // namespace har
