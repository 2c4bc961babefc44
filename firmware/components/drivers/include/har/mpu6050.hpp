// The MPU-6050's registers and what is done with them; no ESP-IDF, so it is tested on the host.
//
// The sensor samples at 50 Hz by its own clock into its 1,024-byte FIFO, so no reading is lost
// while an inference keeps the processor busy, for up to 1.7 s. Registers and scale factors:
// InvenSense, MPU-6000/MPU-6050 Register Map and Descriptions, revision 4.2.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "har/port.hpp"

namespace har::mpu6050 {

constexpr std::uint8_t kSampleRateDivider = 0x19;
constexpr std::uint8_t kConfig = 0x1A;
constexpr std::uint8_t kGyroConfig = 0x1B;
constexpr std::uint8_t kAccelConfig = 0x1C;
constexpr std::uint8_t kFifoEnable = 0x23;
constexpr std::uint8_t kInterruptPin = 0x37;
constexpr std::uint8_t kInterruptEnable = 0x38;
constexpr std::uint8_t kInterruptStatus = 0x3A;
constexpr std::uint8_t kUserControl = 0x6A;
constexpr std::uint8_t kPower1 = 0x6B;
constexpr std::uint8_t kFifoCount = 0x72;
constexpr std::uint8_t kFifoData = 0x74;
constexpr std::uint8_t kWhoAmI = 0x75;

constexpr std::uint8_t kIdentity = 0x68;
constexpr std::uint8_t kDeviceReset = 0x80;
constexpr std::uint8_t kClockFromGyro = 0x01;
constexpr std::uint8_t kFifoOverflow = 0x10;
constexpr std::uint8_t kDataReady = 0x01;
constexpr std::uint8_t kFifoOn = 0x40;
constexpr std::uint8_t kFifoReset = 0x04;
constexpr std::uint8_t kAllSixAxes = 0x78;
// Active high, and held until the status is read: a level, which can end a light sleep.
constexpr std::uint8_t kHeldUntilStatusRead = 0x20;
// The filters pass 21 Hz (acceleration) and 20 Hz (angular rate), below half of 50 Hz; with a filter
// on, the sampling clock is 1 kHz.
constexpr std::uint8_t kLowPass20Hz = 4;
constexpr std::uint8_t kRange4g = 0x08;
constexpr std::uint8_t kRange500DegreesPerSecond = 0x08;

constexpr std::uint32_t kSampleHz = 50;
constexpr std::uint32_t kSamplePeriodMicros = 1'000'000 / kSampleHz;
constexpr float kCountsPerG = 8192.0F;
constexpr float kCountsPerDegreePerSecond = 65.5F;
constexpr float kRadiansPerDegree = 0.017453292519943295F;

// A reading as it stands in the FIFO: six big-endian int16, acceleration before angular rate.
constexpr std::size_t kReadingBytes = 12;
constexpr std::size_t kFifoBytes = 1024;
// The sensor's data sheet asks for 100 ms behind a reset.
constexpr std::uint32_t kResetMicros = 100'000;

constexpr std::uint8_t divider_for(std::uint32_t hertz) {
  return static_cast<std::uint8_t>(1000 / hertz - 1);
}

// `bytes`: kReadingBytes. Acceleration in g, angular rate in rad/s.
std::array<float, kSensorChannels> decode(const std::uint8_t* bytes);

// The sensor's registers on a bus. Both return whether the sensor acknowledged; an implementation
// frees a stuck bus and tries once more before it returns false.
class Registers {
 public:
  Registers() = default;
  Registers(const Registers&) = delete;
  Registers& operator=(const Registers&) = delete;
  virtual ~Registers() = default;

  virtual bool write(std::uint8_t address, std::uint8_t value) = 0;
  virtual bool read(std::uint8_t address, std::uint8_t* data, std::size_t size) = 0;
};

class Sensor {
 public:
  explicit Sensor(Registers& registers) : registers_(registers) {}

  // Reset and identify; nullptr, or what is wrong in words that stay valid. Wait kResetMicros
  // before `start`.
  const char* reset();
  // Configure, empty the FIFO and begin to count readings; nullptr, or what is wrong.
  const char* start(std::uint64_t now_micros);
  // The sensor goes on measuring: its current is part of the idle state.
  void stop();

  // The oldest reading that was not fetched yet; false where there is none. A FIFO that ran over or
  // a transfer that failed half-way loses readings: the next one's number then comes from the time.
  bool fetch(Sample& sample, std::uint64_t now_micros);

 private:
  static constexpr std::size_t kBatch = 16;

  bool refill(std::uint64_t now_micros);
  bool read_fifo();
  bool recover(std::uint64_t now_micros);
  bool empty_fifo();

  Registers& registers_;
  std::array<std::uint8_t, kBatch * kReadingBytes> buffer_{};
  std::size_t next_ = 0;
  std::size_t filled_ = 0;
  std::uint32_t number_ = 0;
  std::uint64_t started_micros_ = 0;
  bool broken_ = false;
};

// The sensor's next reading; false if none came within `timeout_micros`. `micros()` is the time, and
// `sleep(longest)` lets it pass until the sensor's interrupt, for `longest` at most; what returns
// false ends the waiting.
template <typename Micros, typename Sleep>
bool wait_for_reading(Sensor& sensor, Sample& sample, std::uint32_t timeout_micros, Micros micros,
                      Sleep sleep) {
  const std::uint64_t deadline = micros() + timeout_micros;
  while (!sensor.fetch(sample, micros())) {
    const std::uint64_t now = micros();
    if (now >= deadline || !sleep(static_cast<std::uint32_t>(deadline - now))) {
      return false;
    }
  }
  return true;
}

// A sensor that was cut off in the middle of a byte may hold SDA low for ever; nine clocks let it
// finish the byte, and a stop condition ends its transfer (NXP UM10204, 3.1.16). `Lines` has
// `void scl(bool)`, `void sda(bool)`, `bool sda()` and `void half_period()`. Returns whether SDA is
// free.
template <typename Lines>
bool free_bus(Lines& lines) {
  lines.sda(true);
  lines.scl(true);
  lines.half_period();
  for (int clock = 0; clock < 9 && !lines.sda(); ++clock) {
    lines.scl(false);
    lines.half_period();
    lines.scl(true);
    lines.half_period();
  }
  lines.scl(false);
  lines.sda(false);
  lines.half_period();
  lines.scl(true);
  lines.half_period();
  lines.sda(true);
  lines.half_period();
  return lines.sda();
}

}  // namespace har::mpu6050
