// What a program in the emulator has of the host: its standard input and output, by semihosting.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" std::uint32_t cycle_count();

namespace host {

// Fills `data`; false at the end of the input.
bool read(void* data, std::size_t size);
void write(const void* data, std::size_t size);
// Ends the program with a code of its own.
[[noreturn]] void fail();

template <typename Value>
Value next() {
  Value value{};
  read(&value, sizeof value);
  return value;
}

template <typename Value>
void put(Value value) {
  write(&value, sizeof value);
}

// Its length before it.
inline void put_text(std::string_view text) {
  put(static_cast<std::uint32_t>(text.size()));
  write(text.data(), text.size());
}

}  // namespace host
