// What the console answers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "har/port.hpp"
#include "har/text.hpp"

namespace har {

// Lines on their way to the UART, gathered so that few calls of the port are made.
class Reply : public TextSink {
 public:
  explicit Reply(Port& port) : port_(port) {}

  void put(std::string_view text) override;
  // A line of texts and whole numbers.
  template <typename... Parts>
  void line(const Parts&... parts) {
    (part(parts), ...);
    end_line();
  }
  // The line that refuses a command.
  template <typename... Parts>
  void refuse(const Parts&... parts) {
    line("e-[", parts..., "]");
  }
  void end_line() { put("\r\n"); }
  // Hand everything to the UART.
  void flush();

 private:
  template <typename Part>
  void part(const Part& part) {
    if constexpr (std::is_integral_v<Part>) {
      number(part);
    } else {
      put(part);
    }
  }

  Port& port_;
  std::array<char, 256> gathered_{};
  std::size_t size_ = 0;
};

}  // namespace har
