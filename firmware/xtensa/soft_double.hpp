// Doubles for a core that has no instructions for them, as their bits: IEEE 754's, rounded to nearest
// even; a NaN is the quiet one, whatever made it.
#pragma once

#include <cstdint>

namespace soft_double {

using Bits = std::uint64_t;

constexpr Bits kSign = Bits{1} << 63;

Bits sum(Bits a, Bits b);
Bits product(Bits a, Bits b);
Bits quotient(Bits a, Bits b);
// -1, 0, 1 as a is below, equal to or above b; `unordered` where one is no number.
int compared(Bits a, Bits b, int unordered);

Bits of_integer(bool negative, std::uint64_t size);
// Towards zero, saturated; 0 for what is not finite.
std::int32_t to_int32(Bits bits);
std::uint64_t to_uint64(Bits bits);

Bits of_float(float value);
float to_float(Bits bits);

}  // namespace soft_double
