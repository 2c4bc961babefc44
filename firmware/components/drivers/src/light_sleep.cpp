#include "har/light_sleep.hpp"

#include <algorithm>

#include "driver/uart.h"
#include "esp_err.h"
#include "esp_rom_sys.h"
#include "esp_sleep.h"
#include "har/board.hpp"
#include "har/mpu6050.hpp"

namespace har::light_sleep {
namespace {

// Falling asleep and waking take about as long: below that, sleep saves nothing.
constexpr std::uint32_t kShortestMicros = 2'000;
// Rising edges on the receive line that end the sleep, the fewest that are allowed. Return and '%'
// have them; of other characters it may take two.
constexpr int kConsoleEdges = 3;

}  // namespace

void open() {
  ESP_ERROR_CHECK(uart_set_wakeup_threshold(board::kConsole, kConsoleEdges));
  ESP_ERROR_CHECK(esp_sleep_enable_uart_wakeup(board::kConsole));
  if (board::kDataReady == GPIO_NUM_NC) {
    return;
  }
  gpio_config_t config = {};
  config.pin_bit_mask = board::mask(board::kDataReady);
  config.mode = GPIO_MODE_INPUT;
  ESP_ERROR_CHECK(gpio_config(&config));
  ESP_ERROR_CHECK(gpio_sleep_sel_dis(board::kDataReady));
  ESP_ERROR_CHECK(gpio_wakeup_enable(board::kDataReady, GPIO_INTR_HIGH_LEVEL));
  ESP_ERROR_CHECK(esp_sleep_enable_gpio_wakeup());
}

bool until_data_ready(std::uint32_t micros) {
  if (board::kDataReady == GPIO_NUM_NC) {
    micros = std::min(micros, mpu6050::kSamplePeriodMicros);
  }
  if (micros < kShortestMicros) {
    esp_rom_delay_us(micros);
    return false;
  }
  ESP_ERROR_CHECK(esp_sleep_enable_timer_wakeup(micros));
  // Refused where a wake-up is pending: then the reading is there already.
  const bool slept = esp_light_sleep_start() == ESP_OK;
  return slept && esp_sleep_get_wakeup_cause() == ESP_SLEEP_WAKEUP_UART;
}

}  // namespace har::light_sleep
