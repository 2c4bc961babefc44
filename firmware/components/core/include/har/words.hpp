// The words of a command.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace har {

// Cut off the first word; what is left begins behind the blank that ended it.
std::string_view take_word(std::string_view& text);

// Without the blanks around it.
std::string_view trimmed(std::string_view text);

// Up to four words between blanks; `count` also tells of more.
struct Words {
  explicit Words(std::string_view text);

  std::array<std::string_view, 4> word{};
  std::size_t count = 0;
};

// A whole number of decimal digits, if it is at most `most`.
std::optional<std::uint32_t> decimal(std::string_view digits, std::uint32_t most);

// The value of a hexadecimal digit of either case.
std::optional<std::uint8_t> hex_digit(char digit);

// A number of exactly eight hexadecimal digits.
std::optional<std::uint32_t> hex_word(std::string_view digits);

}  // namespace har
