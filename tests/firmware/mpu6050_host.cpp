// The MPU-6050's driver behind C functions, with the registers as call-backs.
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "har/mpu6050.hpp"

extern "C" {

struct Bus {
  int32_t (*write)(uint8_t address, uint8_t value);
  int32_t (*read)(uint8_t address, uint8_t* data, size_t size);
};

struct Wires {
  void (*scl)(int32_t level);
  void (*sda)(int32_t level);
  int32_t (*sense)();
};
}

namespace {

class CalledBack final : public har::mpu6050::Registers {
 public:
  explicit CalledBack(const Bus& bus) : bus_(bus) {}
  bool write(std::uint8_t address, std::uint8_t value) override {
    return bus_.write(address, value) != 0;
  }
  bool read(std::uint8_t address, std::uint8_t* data, std::size_t size) override {
    return bus_.read(address, data, size) != 0;
  }

 private:
  Bus bus_;
};

struct Driver {
  explicit Driver(const Bus& bus) : registers(bus), sensor(registers) {}
  CalledBack registers;
  har::mpu6050::Sensor sensor;
};

struct Lines {
  Wires wires;
  void scl(bool level) { wires.scl(level ? 1 : 0); }
  void sda(bool level) { wires.sda(level ? 1 : 0); }
  bool sda() { return wires.sense() != 0; }
  void half_period() {}
};

}  // namespace

extern "C" {

Driver* driver_new(const Bus* bus) { return new Driver(*bus); }
void driver_delete(Driver* driver) { delete driver; }
const char* driver_reset(Driver* driver) { return driver->sensor.reset(); }
const char* driver_start(Driver* driver, uint64_t now) { return driver->sensor.start(now); }
void driver_stop(Driver* driver) { driver->sensor.stop(); }

int32_t driver_fetch(Driver* driver, uint64_t now, uint32_t* number, float* values) {
  har::Sample sample;
  if (!driver->sensor.fetch(sample, now)) {
    return 0;
  }
  *number = sample.number;
  std::memcpy(values, sample.values.data(), sizeof sample.values);
  return 1;
}

int32_t free_bus(const Wires* wires) {
  Lines lines{*wires};
  return har::mpu6050::free_bus(lines) ? 1 : 0;
}
}
