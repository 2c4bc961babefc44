// A small fuzzer for compilers that bring none: mutations of seeds and of what was tried before.
//
//   fuzz_console -max_total_time=SECONDS [-seed=NUMBER] [-max_len=BYTES]
//   fuzz_console FILE    repeats one input, such as the one that a crash left behind
//
// The options are libFuzzer's, which knows more of them.
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "image_bytes.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Input = std::vector<std::uint8_t>;
using Clock = std::chrono::steady_clock;

constexpr const char* kLast = "fuzz-last-input";
constexpr std::string_view kTime = "-max_total_time=";
constexpr std::string_view kSeed = "-seed=";
constexpr std::string_view kLength = "-max_len=";
constexpr std::size_t kKept = 512;
constexpr std::array<std::string_view, 24> kWords{
    "%",       "name%",      "profile%", "model%",      "arena%",   "clock%",
    "ops%",    "help%",      "results%", "timestamp%",  "infer 1%", "infer 20 3%",
    "db ",     "db load 32%", "db load 8%", "db print%", "bin ",    "00000000 ",
    "}",       " ",          "\r\n",     "4294967296",  "HARM",     "live 2%"};

Input of(std::string_view text) { return {text.begin(), text.end()}; }

class Fuzzer {
 public:
  Fuzzer(unsigned seed, std::size_t longest) : random_(seed), longest_(longest) {
    for (const std::string_view word : kWords) {
      kept_.push_back(of(word));
    }
    kept_.push_back(of("\x08live 1000%live 3 outputs%results%"));
    kept_.push_back(of("\x03name%db load 32%db 0011223344556677%db print%infer 3 1%results%"));
    kept_.push_back(har::sealed_image(0));
    kept_.push_back(har::sealed_image(4));
  }

  Input next() {
    Input input = kept_[below(kept_.size())];
    for (std::size_t count = 1 + below(8); count > 0; --count) {
      mutate(input);
    }
    input.resize(std::min(input.size(), longest_));
    if (below(16) == 0) {
      keep(input);
    }
    return input;
  }

 private:
  std::size_t below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
  }

  std::uint8_t byte() { return static_cast<std::uint8_t>(below(256)); }

  void keep(const Input& input) {
    if (kept_.size() < kKept) {
      kept_.push_back(input);
    } else {
      kept_[kWords.size() + below(kKept - kWords.size())] = input;
    }
  }

  void insert(Input& input, const Input& piece) {
    const auto at = static_cast<std::ptrdiff_t>(below(input.size() + 1));
    input.insert(input.begin() + at, piece.begin(), piece.end());
  }

  void mutate(Input& input) {
    switch (below(input.empty() ? 3 : 7)) {
      case 0:
        return insert(input, of(kWords[below(kWords.size())]));
      case 1:
        return insert(input, kept_[below(kept_.size())]);
      case 2:
        return insert(input, Input(1 + below(below(50) == 0 ? 9000 : 12), byte()));
      case 3:
        input[below(input.size())] = byte();
        return;
      case 4:
        input[below(input.size())] ^= static_cast<std::uint8_t>(1U << below(8));
        return;
      case 5: {
        const std::size_t from = below(input.size());
        const auto begin = input.begin() + static_cast<std::ptrdiff_t>(from);
        const auto count = 1 + below(std::min<std::size_t>(input.size() - from, 64));
        input.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
        return;
      }
      default:
        input.resize(below(input.size()) + 1);
    }
  }

  std::mt19937 random_;
  std::size_t longest_;
  std::vector<Input> kept_;
};

// What crashes stands in this file afterwards.
void remember(const Input& input) {
  std::ofstream file(kLast, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(input.data()),
             static_cast<std::streamsize>(input.size()));
}

Input* running = nullptr;

void on_death() {
  if (running != nullptr) {
    remember(*running);
  }
}

}  // namespace

extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));

int main(int count, char** arguments) {
  double seconds = 0.0;
  unsigned seed = 1;
  std::size_t longest = 4096;
  for (int index = 1; index < count; ++index) {
    const std::string argument = arguments[index];
    if (argument.rfind(kTime, 0) == 0) {
      seconds = std::atof(argument.c_str() + kTime.size());
    } else if (argument.rfind(kSeed, 0) == 0) {
      seed = static_cast<unsigned>(std::atoi(argument.c_str() + kSeed.size()));
    } else if (argument.rfind(kLength, 0) == 0) {
      longest = static_cast<std::size_t>(std::atol(argument.c_str() + kLength.size()));
    } else {
      std::ifstream file(argument, std::ios::binary);
      const Input input(std::istreambuf_iterator<char>(file), {});
      return LLVMFuzzerTestOneInput(input.data(), input.size());
    }
  }
  if (__sanitizer_set_death_callback != nullptr) {
    __sanitizer_set_death_callback(on_death);
  }
  std::signal(SIGABRT, [](int) { on_death(); });  // a check of the driver's own
  Fuzzer fuzzer(seed, longest);
  const Clock::time_point begin = Clock::now();
  const auto elapsed = [&] {
    return std::chrono::duration<double>(Clock::now() - begin).count();
  };
  unsigned long long runs = 0;
  do {
    for (int batch = 0; batch < 256; ++batch, ++runs) {
      Input input = fuzzer.next();
      running = &input;
      LLVMFuzzerTestOneInput(input.data(), input.size());
    }
  } while (elapsed() < seconds);
  running = nullptr;
  std::printf("%llu runs in %.0f s, no finding\n", runs, elapsed());
  return 0;
}
