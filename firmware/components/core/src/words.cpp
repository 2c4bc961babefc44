#include "har/words.hpp"

namespace har {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\v\f";

}  // namespace

std::string_view take_word(std::string_view& text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) {
    text = {};
    return {};
  }
  text.remove_prefix(begin);
  const std::string_view word = text.substr(0, text.find_first_of(kBlanks));
  text.remove_prefix(word.size() < text.size() ? word.size() + 1 : word.size());
  return word;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) {
    return {};
  }
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

Words::Words(std::string_view text) {
  for (std::string_view next = take_word(text); !next.empty(); next = take_word(text)) {
    if (count < word.size()) {
      word[count] = next;
    }
    ++count;
  }
}

std::optional<std::uint32_t> decimal(std::string_view digits, std::uint32_t most) {
  std::uint64_t value = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') {
      return std::nullopt;
    }
    value = 10 * value + static_cast<std::uint64_t>(digit - '0');
    if (value > most) {
      return std::nullopt;
    }
  }
  return digits.empty() ? std::nullopt : std::optional(static_cast<std::uint32_t>(value));
}

std::optional<std::uint8_t> hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') {
    return static_cast<std::uint8_t>(digit - '0');
  }
  const char lower = static_cast<char>(digit | 0x20);
  if (lower >= 'a' && lower <= 'f') {
    return static_cast<std::uint8_t>(lower - 'a' + 10);
  }
  return std::nullopt;
}

std::optional<std::uint32_t> hex_word(std::string_view digits) {
  std::uint32_t value = 0;
  for (const char character : digits) {
    const std::optional<std::uint8_t> digit = hex_digit(character);
    if (!digit) {
      return std::nullopt;
    }
    value = value << 4U | *digit;
  }
  return digits.size() == 8 ? std::optional(value) : std::nullopt;
}

}  // namespace har
