// The board as the core sees it, by ESP-IDF's drivers.
#pragma once

#include "har/i2c_registers.hpp"
#include "har/model_partition.hpp"
#include "har/mpu6050.hpp"
#include "har/port.hpp"

namespace har {

class EspPort final : public Port {
 public:
  // `embedded`: the model that is part of the application, or nullptr where a partition holds it.
  explicit EspPort(const ModelImage* embedded) : embedded_(embedded) {}

  // Start the drivers that every command needs, and switch the sensor on: its current belongs to
  // the idle state that energies above idle are stated against.
  void open();

  std::string_view name() const override;
  std::string_view version() const override;
  std::uint32_t clock_hz() const override;
  Bytes model_partition() override;
  const ModelImage* embedded_model() override { return embedded_; }
  void write(Bytes text) override;
  void drain() override;
  std::uint64_t micros() override;
  void marker(bool level) override;
  std::uint64_t timestamp() override;
  void wait(std::uint32_t micros) override;
  const char* start_sampling() override;
  bool read_sample(Sample& sample, std::uint32_t timeout_micros) override;
  void stop_sampling() override;
  std::string_view idle_between_samples() const override;
  bool interrupted() override;

 private:
  const ModelImage* embedded_;
  I2cRegisters registers_;
  mpu6050::Sensor sensor_{registers_};
  const char* without_sensor_ = nullptr;
  bool woken_by_console_ = false;
};

}  // namespace har
