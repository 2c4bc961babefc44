#include "har/mpu6050.hpp"

#include <algorithm>

namespace har::mpu6050 {
namespace {

float count_at(const std::uint8_t* bytes) {
  const auto value = static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]);
  return static_cast<float>(static_cast<std::int16_t>(value));
}

struct Setting {
  std::uint8_t address;
  std::uint8_t value;
};

constexpr std::array<Setting, 8> kSettings{{
    {kPower1, kClockFromGyro},
    {kSampleRateDivider, divider_for(kSampleHz)},
    {kConfig, kLowPass20Hz},
    {kGyroConfig, kRange500DegreesPerSecond},
    {kAccelConfig, kRange4g},
    {kInterruptPin, kHeldUntilStatusRead},
    {kInterruptEnable, kDataReady},
    {kFifoEnable, kAllSixAxes},
}};

}  // namespace

std::array<float, kSensorChannels> decode(const std::uint8_t* bytes) {
  std::array<float, kSensorChannels> values{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    values[axis] = count_at(bytes + 2 * axis) / kCountsPerG;
    values[axis + 3] =
        count_at(bytes + 6 + 2 * axis) * (kRadiansPerDegree / kCountsPerDegreePerSecond);
  }
  return values;
}

const char* Sensor::reset() {
  std::uint8_t identity = 0;
  if (!registers_.read(kWhoAmI, &identity, 1)) {
    return "no MPU-6050 answers on the I2C bus: check its supply, SDA, SCL and AD0";
  }
  if (identity != kIdentity) {
    return "what answers on the I2C bus is no MPU-6050: WHO_AM_I is not 0x68";
  }
  return registers_.write(kPower1, kDeviceReset) ? nullptr : "the MPU-6050 refuses to be reset";
}

const char* Sensor::start(std::uint64_t now_micros) {
  for (const Setting& setting : kSettings) {
    std::uint8_t seen = 0;
    if (!registers_.write(setting.address, setting.value) ||
        !registers_.read(setting.address, &seen, 1) || seen != setting.value) {
      return "the MPU-6050 does not take its settings";
    }
  }
  next_ = filled_ = 0;
  number_ = 0;
  started_micros_ = now_micros;
  broken_ = false;
  return empty_fifo() ? nullptr : "the MPU-6050's FIFO does not start";
}

void Sensor::stop() {
  registers_.write(kUserControl, 0);
  registers_.write(kInterruptEnable, 0);
}

bool Sensor::fetch(Sample& sample, std::uint64_t now_micros) {
  if (next_ == filled_ && !refill(now_micros)) {
    return false;
  }
  sample.number = number_++;
  sample.values = decode(buffer_.data() + next_);
  next_ += kReadingBytes;
  return true;
}

bool Sensor::refill(std::uint64_t now_micros) {
  if (broken_ && !recover(now_micros)) {
    return false;
  }
  if (!read_fifo()) {
    broken_ = true;
    recover(now_micros);
  }
  return next_ != filled_;
}

// Fill the buffer with the whole readings that are there, maybe none; false if some were lost.
bool Sensor::read_fifo() {
  next_ = filled_ = 0;
  // The status first: it lets go of the interrupt, and whatever comes after it raises a new one.
  std::uint8_t status = 0;
  std::array<std::uint8_t, 2> count{};
  if (!registers_.read(kInterruptStatus, &status, 1) ||
      !registers_.read(kFifoCount, count.data(), count.size())) {
    return false;
  }
  const std::size_t there = static_cast<std::size_t>(count[0]) << 8 | count[1];
  if ((status & kFifoOverflow) != 0 || there >= kFifoBytes) {
    return false;
  }
  const std::size_t whole = std::min(there - there % kReadingBytes, buffer_.size());
  if (whole == 0) {
    return true;
  }
  if (!registers_.read(kFifoData, buffer_.data(), whole)) {
    return false;
  }
  filled_ = whole;
  return true;
}

// Empty the FIFO, so that it begins with a whole reading again, and count what was lost by the
// time: one at least, however much faster than this clock the sensor's own may be.
bool Sensor::recover(std::uint64_t now_micros) {
  if (!empty_fifo()) {
    return false;
  }
  const auto by_time =
      static_cast<std::uint32_t>((now_micros - started_micros_) / kSamplePeriodMicros);
  number_ = std::max(number_ + 1, by_time);
  broken_ = false;
  return true;
}

bool Sensor::empty_fifo() {
  return registers_.write(kUserControl, kFifoReset) && registers_.write(kUserControl, kFifoOn);
}

}  // namespace har::mpu6050
