// Which pin does what, from the project's configuration (main/Kconfig.projbuild).
#pragma once

#include "driver/gpio.h"
#include "driver/uart.h"
#include "sdkconfig.h"

namespace har::board {

constexpr gpio_num_t kMarker = static_cast<gpio_num_t>(CONFIG_HAR_MARKER_GPIO);
constexpr gpio_num_t kTimestamp = static_cast<gpio_num_t>(CONFIG_HAR_TIMESTAMP_GPIO);
constexpr gpio_num_t kSda = static_cast<gpio_num_t>(CONFIG_HAR_SDA_GPIO);
constexpr gpio_num_t kScl = static_cast<gpio_num_t>(CONFIG_HAR_SCL_GPIO);
// The sensor's interrupt, or GPIO_NUM_NC where it is not connected.
constexpr gpio_num_t kDataReady = static_cast<gpio_num_t>(CONFIG_HAR_DATA_READY_GPIO);
constexpr uart_port_t kConsole = UART_NUM_0;
constexpr int kBaud = CONFIG_HAR_BAUD;

}  // namespace har::board
