// Which pin does what, from the project's configuration (main/Kconfig.projbuild).
#pragma once

#include <cstdint>

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

// The pin's bit in a mask of GPIOs; none for GPIO_NUM_NC.
constexpr std::uint64_t mask(gpio_num_t pin) {
  return pin == GPIO_NUM_NC ? 0 : std::uint64_t{1} << static_cast<unsigned>(pin);
}

// GPIO6 to 11 are the flash's, 1 and 3 the console's; 0, 2, 5, 12 and 15 decide how the chip boots;
// 24 and 28 to 31 do not exist.
constexpr std::uint64_t kReserved = 0xF100'9FEFULL;
constexpr std::uint64_t kUsed =
    mask(kMarker) | mask(kTimestamp) | mask(kSda) | mask(kScl) | mask(kDataReady);
static_assert((kUsed & kReserved) == 0, "the menu gives a pin away that the module needs itself");
static_assert(kUsed == mask(kMarker) + mask(kTimestamp) + mask(kSda) + mask(kScl) +
                           mask(kDataReady),
              "the menu gives one pin two uses");

}  // namespace har::board
