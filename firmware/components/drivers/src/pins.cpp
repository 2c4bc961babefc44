#include "har/pins.hpp"

#include "esp_err.h"
#include "esp_rom_sys.h"
#include "esp_timer.h"
#include "har/board.hpp"

namespace har::pins {
namespace {

// What the energy monitors that MLPerf Tiny names see for certain.
constexpr std::uint32_t kLowMicros = 1;

}  // namespace

void open() {
  gpio_config_t config = {};
  config.pin_bit_mask = board::mask(board::kMarker) | board::mask(board::kTimestamp);
  config.mode = GPIO_MODE_OUTPUT;
  ESP_ERROR_CHECK(gpio_set_level(board::kMarker, 0));
  ESP_ERROR_CHECK(gpio_set_level(board::kTimestamp, 1));
  ESP_ERROR_CHECK(gpio_config(&config));
  // In light sleep both stay as they are.
  ESP_ERROR_CHECK(gpio_sleep_sel_dis(board::kMarker));
  ESP_ERROR_CHECK(gpio_sleep_sel_dis(board::kTimestamp));
}

void marker(bool level) { gpio_set_level(board::kMarker, level ? 1 : 0); }

std::uint64_t timestamp() {
  gpio_set_level(board::kTimestamp, 0);
  const auto edge = static_cast<std::uint64_t>(esp_timer_get_time());
  esp_rom_delay_us(kLowMicros);
  gpio_set_level(board::kTimestamp, 1);
  return edge;
}

}  // namespace har::pins
