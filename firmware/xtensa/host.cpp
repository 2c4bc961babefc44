#include "host.hpp"

extern "C" int simcall(int number, int a, const void* b, int c);

namespace host {
namespace {

constexpr int kExit = 1;
constexpr int kRead = 3;
constexpr int kWrite = 4;
constexpr int kStandardInput = 0;
constexpr int kStandardOutput = 1;
constexpr int kFailed = 63;

}  // namespace

bool read(void* data, std::size_t size) {
  auto* at = static_cast<std::uint8_t*>(data);
  while (size > 0) {
    const int done = simcall(kRead, kStandardInput, at, static_cast<int>(size));
    if (done <= 0) return false;
    at += done;
    size -= static_cast<std::size_t>(done);
  }
  return true;
}

void write(const void* data, std::size_t size) {
  const auto* at = static_cast<const std::uint8_t*>(data);
  while (size > 0) {
    const int done = simcall(kWrite, kStandardOutput, at, static_cast<int>(size));
    if (done <= 0) return;
    at += done;
    size -= static_cast<std::size_t>(done);
  }
}

void fail() {
  for (;;) simcall(kExit, kFailed, nullptr, 0);
}

}  // namespace host
