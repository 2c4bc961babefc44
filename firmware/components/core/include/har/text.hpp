// Text that is put together without heap: for the console's answers and for errors.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace har {

// Takes text piece by piece.
class TextSink {
 public:
  TextSink() = default;
  TextSink(const TextSink&) = delete;
  TextSink& operator=(const TextSink&) = delete;
  virtual ~TextSink() = default;

  virtual void put(std::string_view text) = 0;

  void number(std::uint64_t value);
  // Hexadecimal digits, lower case: eight of a word, two of a byte.
  void hex(std::uint32_t value);
  void hex_byte(std::uint8_t value);
  // As printf's "%.9g", correctly rounded: nine digits tell every float32 from its neighbours.
  void real(float value);
  // With one decimal; for values from 0 to 1e15.
  void tenths(double value);
  // In quotes, whatever is not printable ASCII escaped as Python does; at most `limit` bytes of it.
  void quoted(std::string_view bytes, std::size_t limit);
  // Whatever is not printable ASCII replaced by '?'.
  void printable(std::string_view bytes);

 private:
  void scientific_or_fixed(std::string_view digits, int power);
};

// Text of at most a fixed length; what does not fit is cut off.
class Text : public TextSink {
 public:
  using TextSink::put;
  void put(std::string_view text) override;
  void clear() { size_ = 0; }
  std::string_view view() const { return {characters_.data(), size_}; }

 private:
  std::array<char, 192> characters_{};
  std::size_t size_ = 0;
};

}  // namespace har
