#include "soft_double.hpp"

#include <cstring>

namespace soft_double {
namespace {

constexpr int kFractionBits = 52;
constexpr int kBias = 1023;
constexpr int kSpecial = 2047;
constexpr int kTop = 62;  // where the leading bit of a significand stands while it is worked on
constexpr std::uint64_t kFraction = (std::uint64_t{1} << kFractionBits) - 1;
constexpr Bits kInfinity = Bits{kSpecial} << kFractionBits;
constexpr Bits kNotANumber = kInfinity | std::uint64_t{1} << (kFractionBits - 1);

// A finite value other than zero: significand times 2 to the power of (exponent - kTop).
struct Parts {
  bool negative;
  int exponent;
  std::uint64_t significand;
};

enum class Kind { kZero, kFinite, kInfinite, kNotANumber };

Kind kind_of(Bits bits) {
  const std::uint64_t size = bits << 1 >> 1;
  if (size == 0) return Kind::kZero;
  if (size < kInfinity) return Kind::kFinite;
  return size == kInfinity ? Kind::kInfinite : Kind::kNotANumber;
}

Bits sign_of(bool negative) { return negative ? kSign : 0; }
bool is_negative(Bits bits) { return bits >> 63 != 0; }

// Shifts right; what is lost stays visible in the lowest bit.
std::uint64_t shifted(std::uint64_t value, int by) {
  if (by == 0) return value;
  if (by > 63) return value != 0 ? 1 : 0;
  return value >> by | std::uint64_t{value << (64 - by) != 0};
}

Parts normalised(bool negative, int exponent, std::uint64_t significand) {
  if (significand >> 63 != 0) return {negative, exponent + 1, shifted(significand, 1)};
  while (significand >> kTop == 0) {
    significand <<= 1;
    --exponent;
  }
  return {negative, exponent, significand};
}

Parts parts_of(Bits bits) {
  const int stored = static_cast<int>(bits >> kFractionBits) & kSpecial;
  const std::uint64_t fraction = bits & kFraction;
  const std::uint64_t whole = stored == 0 ? fraction : fraction | (kFraction + 1);
  return normalised(is_negative(bits), (stored == 0 ? 1 : stored) - kBias,
                    whole << (kTop - kFractionBits));
}

Bits packed(Parts parts) {
  int stored = parts.exponent + kBias;
  std::uint64_t significand = parts.significand;
  if (stored <= 0) {
    significand = shifted(significand, 1 - stored);
    stored = 0;
  }
  constexpr int kSpare = kTop - kFractionBits;
  constexpr std::uint64_t kHalf = std::uint64_t{1} << (kSpare - 1);
  const std::uint64_t rest = significand & (2 * kHalf - 1);
  std::uint64_t kept = significand >> kSpare;
  if (rest > kHalf || (rest == kHalf && (kept & 1) != 0)) ++kept;
  // A carry out of the fraction is one more in the exponent, also from the subnormals.
  const std::uint64_t exponent = static_cast<std::uint64_t>(stored == 0 ? 0 : stored - 1);
  const std::uint64_t bits = (exponent << kFractionBits) + kept;
  return sign_of(parts.negative) | (bits < kInfinity ? bits : kInfinity);
}

}  // namespace

Bits sum(Bits a, Bits b) {
  const Kind kind_a = kind_of(a);
  const Kind kind_b = kind_of(b);
  if (kind_a == Kind::kNotANumber || kind_b == Kind::kNotANumber) return kNotANumber;
  if (kind_a == Kind::kInfinite) return kind_b == Kind::kInfinite && a != b ? kNotANumber : a;
  if (kind_b == Kind::kInfinite) return b;
  if (kind_a == Kind::kZero) return kind_b == Kind::kZero ? a & b : b;
  if (kind_b == Kind::kZero) return a;
  Parts x = parts_of(a);
  Parts y = parts_of(b);
  if (x.exponent < y.exponent || (x.exponent == y.exponent && x.significand < y.significand)) {
    const Parts other = x;
    x = y;
    y = other;
  }
  const std::uint64_t smaller = shifted(y.significand, x.exponent - y.exponent);
  const std::uint64_t total =
      x.negative == y.negative ? x.significand + smaller : x.significand - smaller;
  return total == 0 ? 0 : packed(normalised(x.negative, x.exponent, total));
}

Bits product(Bits a, Bits b) {
  const bool negative = is_negative(a) != is_negative(b);
  const Kind kind_a = kind_of(a);
  const Kind kind_b = kind_of(b);
  if (kind_a == Kind::kNotANumber || kind_b == Kind::kNotANumber) return kNotANumber;
  if (kind_a == Kind::kInfinite || kind_b == Kind::kInfinite) {
    return kind_a == Kind::kZero || kind_b == Kind::kZero ? kNotANumber
                                                          : sign_of(negative) | kInfinity;
  }
  if (kind_a == Kind::kZero || kind_b == Kind::kZero) return sign_of(negative);
  const Parts x = parts_of(a);
  const Parts y = parts_of(b);
  const std::uint64_t low_x = x.significand & 0xFFFFFFFF;
  const std::uint64_t low_y = y.significand & 0xFFFFFFFF;
  const std::uint64_t high_x = x.significand >> 32;
  const std::uint64_t high_y = y.significand >> 32;
  const std::uint64_t low = low_x * low_y;
  const std::uint64_t cross = high_x * low_y + (low >> 32);
  const std::uint64_t middle = low_x * high_y + (cross & 0xFFFFFFFF);
  const std::uint64_t high = high_x * high_y + (cross >> 32) + (middle >> 32);
  const bool rest = (middle & 0xFFFFFFFF) != 0 || (low & 0xFFFFFFFF) != 0;
  return packed(
      normalised(negative, x.exponent + y.exponent + 2, high | static_cast<std::uint64_t>(rest)));
}

Bits quotient(Bits a, Bits b) {
  const bool negative = is_negative(a) != is_negative(b);
  const Kind kind_a = kind_of(a);
  const Kind kind_b = kind_of(b);
  if (kind_a == Kind::kNotANumber || kind_b == Kind::kNotANumber) return kNotANumber;
  if (kind_a == kind_b && kind_a != Kind::kFinite) return kNotANumber;
  if (kind_a == Kind::kInfinite || kind_b == Kind::kZero) return sign_of(negative) | kInfinity;
  if (kind_b == Kind::kInfinite || kind_a == Kind::kZero) return sign_of(negative);
  const Parts x = parts_of(a);
  const Parts y = parts_of(b);
  std::uint64_t rest = x.significand;
  std::uint64_t digits = 0;
  for (int bit = kTop; bit >= 0; --bit) {
    digits <<= 1;
    if (rest >= y.significand) {
      rest -= y.significand;
      digits |= 1;
    }
    rest <<= 1;
  }
  if (rest != 0) digits |= 1;
  return packed(normalised(negative, x.exponent - y.exponent, digits));
}

Bits of_integer(bool negative, std::uint64_t size) {
  return size == 0 ? 0 : packed(normalised(negative, kTop, size));
}

int compared(Bits a, Bits b, int unordered) {
  if (kind_of(a) == Kind::kNotANumber || kind_of(b) == Kind::kNotANumber) return unordered;
  if ((a | b) << 1 == 0 || a == b) return 0;
  if (is_negative(a) != is_negative(b)) return is_negative(a) ? -1 : 1;
  return (a < b) != is_negative(a) ? -1 : 1;
}

std::int32_t to_int32(Bits bits) {
  if (kind_of(bits) != Kind::kFinite) return 0;
  const Parts parts = parts_of(bits);
  if (parts.exponent < 0) return 0;
  if (parts.exponent > 30) return parts.negative ? INT32_MIN : INT32_MAX;
  const auto size = static_cast<std::int32_t>(parts.significand >> (kTop - parts.exponent));
  return parts.negative ? -size : size;
}

std::uint64_t to_uint64(Bits bits) {
  if (kind_of(bits) != Kind::kFinite || is_negative(bits)) return 0;
  const Parts parts = parts_of(bits);
  if (parts.exponent < 0) return 0;
  if (parts.exponent > 63) return UINT64_MAX;
  return parts.exponent > kTop ? parts.significand << 1
                               : parts.significand >> (kTop - parts.exponent);
}

// A float's subnormals are whole multiples of 2^-149, as its other values are of larger powers.
Bits of_float(float value) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  const int stored = static_cast<int>(bits >> 23 & 0xFF);
  const std::uint64_t fraction = bits & 0x7FFFFF;
  const bool negative = bits >> 31 != 0;
  if (stored == 0xFF) {
    return fraction != 0 ? kNotANumber : sign_of(negative) | kInfinity;
  }
  if (stored == 0 && fraction == 0) return sign_of(negative);
  const std::uint64_t whole = stored == 0 ? fraction : fraction | 0x800000;
  return packed(normalised(negative, (stored == 0 ? 1 : stored) - 150 + kTop, whole));
}

float to_float(Bits bits) {
  std::uint32_t found = is_negative(bits) ? 0x80000000U : 0;
  switch (kind_of(bits)) {
    case Kind::kZero:
      break;
    case Kind::kNotANumber:
      found |= 0x7FC00000;
      break;
    case Kind::kInfinite:
      found |= 0x7F800000;
      break;
    case Kind::kFinite: {
      const Parts parts = parts_of(bits);
      int stored = parts.exponent + 127;
      std::uint64_t significand = parts.significand;
      if (stored <= 0) {
        significand = shifted(significand, 1 - stored);
        stored = 1;
      }
      constexpr int kSpare = kTop - 23;
      constexpr std::uint64_t kHalf = std::uint64_t{1} << (kSpare - 1);
      const std::uint64_t rest = significand & (2 * kHalf - 1);
      auto kept = static_cast<std::uint32_t>(significand >> kSpare);
      if (rest > kHalf || (rest == kHalf && (kept & 1) != 0)) ++kept;
      const std::uint64_t size = (static_cast<std::uint64_t>(stored - 1) << 23) + kept;
      found |= size < 0x7F800000 ? static_cast<std::uint32_t>(size) : 0x7F800000U;
    }
  }
  float narrow = 0;
  std::memcpy(&narrow, &found, sizeof narrow);
  return narrow;
}

}  // namespace soft_double
