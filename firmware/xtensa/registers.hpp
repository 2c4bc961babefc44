// The sensor's registers, which the host has.
#pragma once

#include "har/mpu6050.hpp"
#include "host.hpp"

namespace host {

class Registers final : public har::mpu6050::Registers {
 public:
  // The numbers by which the host knows the two calls.
  Registers(std::uint32_t write_call, std::uint32_t read_call)
      : write_call_(write_call), read_call_(read_call) {}

  bool write(std::uint8_t address, std::uint8_t value) override {
    put(write_call_);
    put<std::uint32_t>(address);
    put<std::uint32_t>(value);
    return acknowledged();
  }

  bool read(std::uint8_t address, std::uint8_t* data, std::size_t size) override {
    put(read_call_);
    put<std::uint32_t>(address);
    put(static_cast<std::uint32_t>(size));
    return acknowledged() && host::read(data, size);
  }

 private:
  static bool acknowledged() { return next<std::uint32_t>() != 0; }

  std::uint32_t write_call_;
  std::uint32_t read_call_;
};

}  // namespace host
