#include "har/esp_port.hpp"

#include "esp_app_desc.h"
#include "esp_rom_sys.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "har/board.hpp"
#include "har/console_uart.hpp"
#include "har/light_sleep.hpp"
#include "har/mapped_partition.hpp"
#include "har/pins.hpp"

namespace har {

void EspPort::open() {
  pins::open();
  console_uart::open();
  light_sleep::open();
  without_sensor_ = registers_.open();
  if (without_sensor_ == nullptr) {
    without_sensor_ = sensor_.reset();
  }
  if (without_sensor_ == nullptr) {
    wait(mpu6050::kResetMicros);
    without_sensor_ = sensor_.start(micros());
    sensor_.stop();
  }
}

std::string_view EspPort::name() const { return esp_app_get_description()->project_name; }

std::string_view EspPort::version() const { return esp_app_get_description()->version; }

std::uint32_t EspPort::clock_hz() const { return esp_rom_get_cpu_ticks_per_us() * 1'000'000; }

Bytes EspPort::model_partition() { return map_model_partition(); }

void EspPort::write(Bytes text) { console_uart::write(text); }

void EspPort::drain() { console_uart::drain(); }

std::uint64_t EspPort::micros() { return static_cast<std::uint64_t>(esp_timer_get_time()); }

void EspPort::marker(bool level) { pins::marker(level); }

std::uint64_t EspPort::timestamp() { return pins::timestamp(); }

void EspPort::wait(std::uint32_t micros) {
  // The processor is halted until the tick behind that time: at least as long, a tick more at most.
  constexpr std::uint32_t kTickMicros = 1'000'000 / configTICK_RATE_HZ;
  vTaskDelay((micros + kTickMicros - 1) / kTickMicros + 1);
}

const char* EspPort::start_sampling() {
  woken_by_console_ = false;
  return without_sensor_ != nullptr ? without_sensor_ : sensor_.start(micros());
}

bool EspPort::read_sample(Sample& sample, std::uint32_t timeout_micros) {
  return mpu6050::wait_for_reading(
      sensor_, sample, timeout_micros, [this] { return micros(); },
      [this](std::uint32_t longest) {
        drain();  // what is left to say would be cut off by the sleep
        woken_by_console_ = light_sleep::until_data_ready(longest);
        return !woken_by_console_;
      });
}

void EspPort::stop_sampling() { sensor_.stop(); }

std::string_view EspPort::idle_between_samples() const { return "light sleep, sensor on"; }

bool EspPort::interrupted() {
  const bool woken = woken_by_console_;
  woken_by_console_ = false;
  return console_uart::discard() || woken;
}

}  // namespace har
