#include "har_mpu6050.h"

#include <algorithm>

#include "har/mpu6050.hpp"

namespace {

class CalledBack final : public har::mpu6050::Registers {
 public:
  explicit CalledBack(const har_registers& registers) : registers_(registers) {}
  bool write(std::uint8_t address, std::uint8_t value) override {
    return registers_.write(address, value) != 0;
  }
  bool read(std::uint8_t address, std::uint8_t* data, std::size_t size) override {
    return registers_.read(address, data, size) != 0;
  }

 private:
  har_registers registers_;
};

struct Lines {
  har_lines wires;
  void scl(bool level) { wires.scl(level ? 1 : 0); }
  void sda(bool level) { wires.sda(level ? 1 : 0); }
  bool sda() { return wires.sense() != 0; }
  void half_period() {}
};

}  // namespace

struct har_mpu6050 {
  explicit har_mpu6050(const har_registers& called) : registers(called), sensor(registers) {}

  CalledBack registers;
  har::mpu6050::Sensor sensor;
};

har_mpu6050* har_mpu6050_new(const har_registers* registers) { return new har_mpu6050(*registers); }

void har_mpu6050_delete(har_mpu6050* sensor) { delete sensor; }

const char* har_mpu6050_reset(har_mpu6050* sensor) { return sensor->sensor.reset(); }

const char* har_mpu6050_start(har_mpu6050* sensor, uint64_t now_micros) {
  return sensor->sensor.start(now_micros);
}

void har_mpu6050_stop(har_mpu6050* sensor) { sensor->sensor.stop(); }

int32_t har_mpu6050_fetch(har_mpu6050* sensor, uint64_t now_micros, uint32_t* number,
                          float* values) {
  har::Sample sample;
  if (!sensor->sensor.fetch(sample, now_micros)) {
    return 0;
  }
  *number = sample.number;
  std::copy(sample.values.begin(), sample.values.end(), values);
  return 1;
}

int32_t har_mpu6050_free_bus(const har_lines* lines) {
  Lines called{*lines};
  return har::mpu6050::free_bus(called) ? 1 : 0;
}
