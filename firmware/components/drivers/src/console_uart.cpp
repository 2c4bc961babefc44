#include "har/console_uart.hpp"

#include <algorithm>

#include "esp_err.h"
#include "freertos/FreeRTOS.h"
#include "har/board.hpp"

namespace har::console_uart {
namespace {

// A window of samples in hexadecimal is 6 KB; the driver's interrupt stores what comes meanwhile.
constexpr int kReceiveBytes = 8192;
// No ring buffer for what is sent: uart_write_bytes then returns with the last byte in the
// hardware's FIFO of 128 bytes, and no interrupt feeds it from memory later.
constexpr int kSendBytes = 0;

}  // namespace

void open() {
  ESP_ERROR_CHECK(uart_driver_install(board::kConsole, kReceiveBytes, kSendBytes, 0, nullptr, 0));
  uart_config_t config = {};
  config.baud_rate = board::kBaud;
  config.data_bits = UART_DATA_8_BITS;
  config.parity = UART_PARITY_DISABLE;
  config.stop_bits = UART_STOP_BITS_1;
  config.flow_ctrl = UART_HW_FLOWCTRL_DISABLE;
  config.source_clk = UART_SCLK_DEFAULT;
  ESP_ERROR_CHECK(uart_param_config(board::kConsole, &config));
  ESP_ERROR_CHECK(uart_set_pin(board::kConsole, UART_PIN_NO_CHANGE, UART_PIN_NO_CHANGE,
                               UART_PIN_NO_CHANGE, UART_PIN_NO_CHANGE));
}

Bytes read(MutableBytes into) {
  // The first byte is waited for, with the processor halted; what came with it is taken at once.
  int count = 0;
  while (count < 1) {
    count = uart_read_bytes(board::kConsole, into.data, 1, portMAX_DELAY);
  }
  std::size_t there = 0;
  ESP_ERROR_CHECK(uart_get_buffered_data_len(board::kConsole, &there));
  const auto more = static_cast<std::uint32_t>(std::min(there, into.size - 1));
  const int rest = more == 0 ? 0 : uart_read_bytes(board::kConsole, into.data + 1, more, 0);
  return {into.data, 1 + static_cast<std::size_t>(std::max(rest, 0))};
}

bool discard() {
  std::size_t there = 0;
  ESP_ERROR_CHECK(uart_get_buffered_data_len(board::kConsole, &there));
  if (there == 0) {
    return false;
  }
  ESP_ERROR_CHECK(uart_flush_input(board::kConsole));
  return true;
}

void write(Bytes text) {
  // The result is the number of bytes; it is negative for wrong arguments alone.
  uart_write_bytes(board::kConsole, text.data, text.size);
}

void drain() { ESP_ERROR_CHECK(uart_wait_tx_done(board::kConsole, portMAX_DELAY)); }

}  // namespace har::console_uart
