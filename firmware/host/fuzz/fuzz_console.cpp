// Any bytes on the console, in pieces of any length; with a model of a few values, with one of live
// windows, and with none: afterwards a command must still be answered.
#include <algorithm>
#include <cstdlib>

#include "board.hpp"
#include "har/console.hpp"
#include "image_bytes.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::uint8_t choice = data[0];
  const bool integer = (choice & 1U) != 0;
  const bool live = choice / 4U % 4U == 2;
  const bool erased = choice / 4U % 4U == 3;
  const std::size_t piece = 1 + choice / 16U;
  const std::uint16_t channels = (choice & 2U) != 0 ? 4 : 0;
  std::vector<std::uint8_t> partition =
      har::sealed_image(live ? std::uint16_t{har::kSensorChannels} : channels);
  if (erased) {
    std::fill(partition.begin(), partition.end(), std::uint8_t{0xFF});
  }
  har::QuietPort port({partition.data(), partition.size()});
  har::EchoRuntime runtime(integer ? har::ElementType::kInt8 : har::ElementType::kFloat32,
                           live ? har::kWindowSamples * har::kSensorChannels : 8);
  std::vector<std::uint8_t> input(2 * har::kWindowBytes);
  har::Console console(port, runtime, {input.data(), input.size()});
  console.boot();
  for (std::size_t at = 1; at < size; at += piece) {
    console.receive({data + at, std::min(piece, size - at)});
  }
  constexpr std::string_view kAsk = "%name%";
  constexpr std::string_view kAnswer = "m-ready\r\nm-name-dut-[fuzz]\r\nm-ready\r\n";
  console.receive({reinterpret_cast<const std::uint8_t*>(kAsk.data()), kAsk.size()});
  const std::string_view said = port.said;
  const bool answered = said.size() >= kAnswer.size() &&
                        said.substr(said.size() - kAnswer.size()) == kAnswer;
  bool printable = true;
  for (const char character : said) {
    printable = printable && ((character >= ' ' && character < 0x7f) || character == '\r' ||
                              character == '\n');
  }
  if (!answered || !printable || port.marked) {
    std::abort();
  }
  return 0;
}
