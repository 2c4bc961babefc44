#include "har/text.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

namespace har {
namespace {

bool is_printable(char character) { return character >= 0x20 && character < 0x7f; }

char hex_digit(unsigned value) { return "0123456789abcdef"[value & 0xFU]; }

// A whole number in limbs of nine decimal digits, the lowest first. 13 limbs hold every float32:
// the smallest has 24 bits times 5^149, which are 112 digits.
class Decimal {
 public:
  explicit Decimal(std::uint32_t value) { limbs_ = {value % kBase, value / kBase}; }

  void multiply(std::uint32_t factor) {
    std::uint64_t carry = 0;
    for (std::uint32_t& limb : limbs_) {
      carry += std::uint64_t{limb} * factor;
      limb = static_cast<std::uint32_t>(carry % kBase);
      carry /= kBase;
    }
  }

  void multiply(std::uint32_t factor, int times) {
    for (; times > 0; --times) {
      multiply(factor);
    }
  }

  static constexpr std::size_t kMaxDigits = 9 * 13;
  using Digits = std::array<char, kMaxDigits>;

  // Its digits, the highest first, without leading zeros; returns how many.
  std::size_t digits(Digits& digits) const {
    std::size_t count = 0;
    for (std::size_t index = limbs_.size(); index-- > 0;) {
      std::uint32_t divisor = kBase / 10;
      for (int digit = 0; digit < 9; ++digit, divisor /= 10) {
        const char character = static_cast<char>('0' + limbs_[index] / divisor % 10);
        if (count > 0 || character != '0') {
          digits[count++] = character;
        }
      }
    }
    return count;
  }

 private:
  static constexpr std::uint32_t kBase = 1'000'000'000;
  std::array<std::uint32_t, 13> limbs_{};
};

constexpr std::size_t kSignificant = 9;

// Round to `kSignificant` digits, halves to even; returns whether it became a power of ten higher.
bool round_up(char* digits) {
  for (std::size_t index = kSignificant; index-- > 0;) {
    if (digits[index] != '9') {
      ++digits[index];
      return false;
    }
    digits[index] = '0';
  }
  digits[0] = '1';
  return true;
}

bool is_above_half(const char* dropped, std::size_t count, char last_kept) {
  const bool more = std::any_of(dropped + 1, dropped + count, [](char c) { return c != '0'; });
  const bool odd = (last_kept - '0') % 2 != 0;
  return dropped[0] > '5' || (dropped[0] == '5' && (more || odd));
}

}  // namespace

void TextSink::number(std::uint64_t value) {
  std::array<char, 20> digits{};
  std::size_t at = digits.size();
  do {
    digits[--at] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  put({digits.data() + at, digits.size() - at});
}

void TextSink::hex(std::uint32_t value) {
  std::array<char, 8> digits{};
  for (std::size_t at = digits.size(); at-- > 0; value >>= 4U) {
    digits[at] = hex_digit(value);
  }
  put({digits.data(), digits.size()});
}

void TextSink::hex_byte(std::uint8_t value) {
  const std::array<char, 2> digits{hex_digit(value >> 4U), hex_digit(value)};
  put({digits.data(), digits.size()});
}

void TextSink::real(float value) {
  if (std::isnan(value)) {
    return put("nan");
  }
  if (std::signbit(value)) {
    put("-");
  }
  if (std::isinf(value) || value == 0.0F) {
    return put(value == 0.0F ? "0" : "inf");
  }
  int exponent = 0;  // |value| = mantissa * 2^exponent, the mantissa a whole number
  const float fraction = std::frexp(std::fabs(value), &exponent);
  auto mantissa = static_cast<std::uint32_t>(std::ldexp(fraction, 24));
  for (exponent -= 24; mantissa % 2 == 0; ++exponent) {
    mantissa /= 2;
  }
  Decimal decimal(mantissa);
  decimal.multiply(exponent < 0 ? 5 : 2, std::abs(exponent));  // 2^-n = 5^n * 10^-n

  Decimal::Digits digits{};
  std::size_t count = decimal.digits(digits);
  int power = static_cast<int>(count) - 1 + std::min(exponent, 0);  // of the first digit
  if (count > kSignificant) {
    const char* dropped = digits.data() + kSignificant;
    const bool up = is_above_half(dropped, count - kSignificant, digits[kSignificant - 1]);
    power += up && round_up(digits.data()) ? 1 : 0;
    count = kSignificant;
  }
  while (count > 1 && digits[count - 1] == '0') {
    --count;
  }
  scientific_or_fixed({digits.data(), count}, power);
}

void TextSink::scientific_or_fixed(std::string_view digits, int power) {
  constexpr std::string_view kZeros = "00000000";
  if (power < -4 || power >= static_cast<int>(kSignificant)) {
    put(digits.substr(0, 1));
    if (digits.size() > 1) {
      put(".");
      put(digits.substr(1));
    }
    put(power < 0 ? "e-" : "e+");
    put(std::abs(power) < 10 ? "0" : "");
    return number(static_cast<std::uint64_t>(std::abs(power)));
  }
  if (power < 0) {
    put("0.");
    put(kZeros.substr(0, static_cast<std::size_t>(-power - 1)));
    return put(digits);
  }
  const std::size_t whole = static_cast<std::size_t>(power) + 1;
  put(digits.substr(0, whole));
  if (digits.size() <= whole) {
    return put(kZeros.substr(0, whole - digits.size()));
  }
  put(".");
  put(digits.substr(whole));
}

void TextSink::tenths(double value) {
  const auto rounded = static_cast<std::uint64_t>(std::nearbyint(value * 10.0));
  number(rounded / 10);
  put(".");
  number(rounded % 10);
}

void TextSink::quoted(std::string_view bytes, std::size_t limit) {
  put("'");
  for (const char character : bytes.substr(0, limit)) {
    const auto code = static_cast<unsigned char>(character);
    switch (character) {
      case '\n':
        put("\\n");
        break;
      case '\r':
        put("\\r");
        break;
      case '\t':
        put("\\t");
        break;
      case '\\':
      case '\'':
        put("\\");
        put({&character, 1});
        break;
      default:
        if (is_printable(character)) {
          put({&character, 1});
        } else {
          const std::array<char, 4> escape{'\\', 'x', hex_digit(code >> 4U), hex_digit(code)};
          put({escape.data(), escape.size()});
        }
    }
  }
  put("'");
}

void TextSink::printable(std::string_view bytes) {
  for (const char character : bytes) {
    put(is_printable(character) ? std::string_view(&character, 1) : "?");
  }
}

void Text::put(std::string_view text) {
  const std::size_t count = std::min(text.size(), characters_.size() - size_);
  std::memcpy(characters_.data() + size_, text.data(), count);
  size_ += count;
}

}  // namespace har
