// What compiled code calls for what the core has no instructions for: 64-bit integers, doubles and
// the division of floats; and the ends of C++ that the firmware never reaches.

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "host.hpp"
#include "soft_double.hpp"

namespace {

using soft_double::Bits;

Bits bits_of(double value) {
  Bits bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

double double_of(Bits bits) {
  double value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

int compared(double a, double b, int unordered) {
  return soft_double::compared(bits_of(a), bits_of(b), unordered);
}

struct Divided {
  std::uint64_t quotient;
  std::uint64_t rest;
};

Divided divided(std::uint64_t a, std::uint64_t b) {
  Divided found{0, 0};
  for (int bit = 63; bit >= 0; --bit) {
    const bool carry = found.rest >> 63 != 0;
    found.rest = found.rest << 1 | (a >> bit & 1);
    if (!carry && found.rest < b) continue;
    found.rest -= b;
    found.quotient |= std::uint64_t{1} << bit;
  }
  return found;
}

}  // namespace

extern "C" {

std::uint64_t __muldi3(std::uint64_t a, std::uint64_t b) {
  const auto low_a = static_cast<std::uint32_t>(a);
  const auto low_b = static_cast<std::uint32_t>(b);
  const std::uint32_t a0 = low_a & 0xFFFF;
  const std::uint32_t a1 = low_a >> 16;
  const std::uint32_t b0 = low_b & 0xFFFF;
  const std::uint32_t b1 = low_b >> 16;
  const std::uint32_t low = a0 * b0;
  const std::uint32_t cross = a1 * b0 + (low >> 16);
  const std::uint32_t middle = a0 * b1 + (cross & 0xFFFF);
  const std::uint32_t high = a1 * b1 + (cross >> 16) + (middle >> 16) +
                             static_cast<std::uint32_t>(a >> 32) * low_b +
                             static_cast<std::uint32_t>(b >> 32) * low_a;
  return std::uint64_t{high} << 32 | (middle << 16 | (low & 0xFFFF));
}

std::uint64_t __udivdi3(std::uint64_t a, std::uint64_t b) { return divided(a, b).quotient; }
std::uint64_t __umoddi3(std::uint64_t a, std::uint64_t b) { return divided(a, b).rest; }

double __adddf3(double a, double b) {
  return double_of(soft_double::sum(bits_of(a), bits_of(b)));
}
double __subdf3(double a, double b) {
  return double_of(soft_double::sum(bits_of(a), bits_of(b) ^ soft_double::kSign));
}
double __muldf3(double a, double b) {
  return double_of(soft_double::product(bits_of(a), bits_of(b)));
}
double __divdf3(double a, double b) {
  return double_of(soft_double::quotient(bits_of(a), bits_of(b)));
}

int __eqdf2(double a, double b) { return compared(a, b, 1); }
int __nedf2(double a, double b) { return compared(a, b, 1); }
int __ltdf2(double a, double b) { return compared(a, b, 1); }
int __ledf2(double a, double b) { return compared(a, b, 1); }
int __gtdf2(double a, double b) { return compared(a, b, -1); }
int __gedf2(double a, double b) { return compared(a, b, -1); }

double __floatsidf(std::int32_t value) {
  const auto wide = static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
  return double_of(soft_double::of_integer(value < 0, value < 0 ? 0 - wide : wide));
}
double __floatunsidf(std::uint32_t value) {
  return double_of(soft_double::of_integer(false, value));
}
std::int32_t __fixdfsi(double value) { return soft_double::to_int32(bits_of(value)); }
std::uint64_t __fixunsdfdi(double value) { return soft_double::to_uint64(bits_of(value)); }
double __extendsfdf2(float value) { return double_of(soft_double::of_float(value)); }
float __truncdfsf2(double value) { return soft_double::to_float(bits_of(value)); }

// The C library is built for a core without a floating-point unit, this file is not.
float __addsf3(float a, float b) { return a + b; }
float __subsf3(float a, float b) { return a - b; }
float __mulsf3(float a, float b) { return a * b; }

// The quotient of two floats as a double is never so near a half of a float's last bit that its
// rounding would show. (The chip has instructions for it, which QEMU's core lacks.)
float __divsf3(float a, float b) {
  return soft_double::to_float(
      soft_double::quotient(soft_double::of_float(a), soft_double::of_float(b)));
}

}  // extern "C"

// The core takes no memory, so it frees none; its containers' checks never fail.
void operator delete(void* /*at*/, std::size_t /*size*/) noexcept {}

namespace std {
void __throw_out_of_range_fmt(const char* /*format*/, ...) { host::fail(); }
}  // namespace std
