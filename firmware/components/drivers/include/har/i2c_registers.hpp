// The MPU-6050's registers over ESP-IDF's I2C master driver.
#pragma once

#include "driver/i2c_master.h"
#include "har/mpu6050.hpp"

namespace har {

class I2cRegisters final : public mpu6050::Registers {
 public:
  // Frees the bus and installs the driver; nullptr, or what is wrong in words that stay valid.
  const char* open();

  bool write(std::uint8_t address, std::uint8_t value) override;
  bool read(std::uint8_t address, std::uint8_t* data, std::size_t size) override;

 private:
  template <typename Transfer>
  bool tried_twice(Transfer transfer);

  i2c_master_bus_handle_t bus_ = nullptr;
  i2c_master_dev_handle_t device_ = nullptr;
};

}  // namespace har
