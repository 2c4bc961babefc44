#include "har/i2c_registers.hpp"

#include "esp_rom_sys.h"
#include "har/board.hpp"

namespace har {
namespace {

constexpr std::uint32_t kHertz = 400'000;
constexpr int kTimeoutMillis = 20;

// The bus's two lines as open drains, before the driver takes them.
class OpenDrains {
 public:
  OpenDrains() {
    scl(true);  // before they are driven, or both would fall once: a start condition for the sensor
    sda(true);
    gpio_config_t config = {};
    config.pin_bit_mask = board::mask(board::kSda) | board::mask(board::kScl);
    config.mode = GPIO_MODE_INPUT_OUTPUT_OD;
    config.pull_up_en = GPIO_PULLUP_ENABLE;
    gpio_config(&config);
  }

  void scl(bool level) { gpio_set_level(board::kScl, level); }
  void sda(bool level) { gpio_set_level(board::kSda, level); }
  bool sda() { return gpio_get_level(board::kSda) != 0; }
  void half_period() { esp_rom_delay_us(5); }
};

}  // namespace

const char* I2cRegisters::open() {
  OpenDrains lines;
  if (!mpu6050::free_bus(lines)) {
    return "SDA stays low: check the I2C bus for a short and for its pull-ups";
  }
  i2c_master_bus_config_t bus = {};
  bus.i2c_port = -1;
  bus.sda_io_num = board::kSda;
  bus.scl_io_num = board::kScl;
  bus.clk_source = I2C_CLK_SRC_DEFAULT;
  bus.glitch_ignore_cnt = 7;
  bus.flags.enable_internal_pullup = true;
  if (i2c_new_master_bus(&bus, &bus_) != ESP_OK) {
    return "the I2C driver does not start";
  }
  i2c_device_config_t device = {};
  device.dev_addr_length = I2C_ADDR_BIT_LEN_7;
  device.device_address = CONFIG_HAR_MPU6050_ADDRESS;
  device.scl_speed_hz = kHertz;
  if (i2c_master_bus_add_device(bus_, &device, &device_) != ESP_OK) {
    return "the I2C driver does not take the MPU-6050's address";
  }
  // In light sleep the lines stay as they are.
  gpio_sleep_sel_dis(board::kSda);
  gpio_sleep_sel_dis(board::kScl);
  return nullptr;
}

bool I2cRegisters::write(std::uint8_t address, std::uint8_t value) {
  const std::uint8_t message[] = {address, value};
  return tried_twice(
      [&] { return i2c_master_transmit(device_, message, sizeof message, kTimeoutMillis); });
}

bool I2cRegisters::read(std::uint8_t address, std::uint8_t* data, std::size_t size) {
  return tried_twice([&] {
    return i2c_master_transmit_receive(device_, &address, 1, data, size, kTimeoutMillis);
  });
}

// i2c_master_bus_reset gives the nine clocks of a stuck bus itself.
template <typename Transfer>
bool I2cRegisters::tried_twice(Transfer transfer) {
  if (transfer() == ESP_OK) {
    return true;
  }
  return i2c_master_bus_reset(bus_) == ESP_OK && transfer() == ESP_OK;
}

}  // namespace har
