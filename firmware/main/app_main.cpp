// The application: memory for the core, its board and its runtime, and the console's bytes.

#include <algorithm>
#include <array>

#include "embedded_model.hpp"
#include "esp_heap_caps.h"
#include "esp_system.h"
#include "har/console.hpp"
#include "har/console_uart.hpp"
#include "har/esp_port.hpp"
#include "sdkconfig.h"
#include "tflm_runtime.hpp"

namespace {

constexpr std::uint32_t kAnyRam = MALLOC_CAP_INTERNAL | MALLOC_CAP_8BIT;
constexpr std::size_t kAlignment = 16;
constexpr std::size_t kLargestArena = CONFIG_HAR_ARENA_KIB * 1024;
// What the heap keeps of a block for itself, and what aligning takes.
constexpr std::size_t kHeapsOwn = 64;

har::MutableBytes take(std::size_t most) {
  const std::size_t largest = heap_caps_get_largest_free_block(kAnyRam);
  const std::size_t size = std::min(most, (largest - kHeapsOwn) / kAlignment * kAlignment);
  auto* data = static_cast<std::uint8_t*>(heap_caps_aligned_alloc(kAlignment, size, kAnyRam));
  if (data == nullptr) {
    esp_system_abort("the heap has no room for arena and input");
  }
  return {data, size};
}

}  // namespace

extern "C" void app_main() {
  // In this order: the arena has the largest block, the input the next one. Nothing else takes
  // memory once the console is up.
  static har::TflmRuntime runtime(take(kLargestArena));
  static const har::MutableBytes input = take(har::kInputBytes);
  static har::EspPort port(har::embedded_model());
  port.open();
  static har::Console console(port, runtime, input);
  console.boot();
  static std::array<std::uint8_t, 256> received;
  for (;;) {
    console.receive(har::console_uart::read({received.data(), received.size()}));
  }
}
