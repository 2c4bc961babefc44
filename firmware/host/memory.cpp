// What the core takes of memory: its static data, and the stack below each of its commands, read
// from how much of a painted stack is no longer as it was painted.
#include <pthread.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <initializer_list>
#include <string>
#include <vector>

#include "fuzz/board.hpp"
#include "fuzz/image_bytes.hpp"
#include "har/console.hpp"

namespace {

constexpr std::size_t kStack = 256 * 1024;
constexpr std::uint8_t kPaint = 0xA5;
alignas(4096) std::array<std::uint8_t, kStack> stack;

// A board that says nothing: what the core's own functions take, and no driver's.
class MutePort final : public har::Port {
 public:
  explicit MutePort(har::Bytes partition) : partition_(partition) {}

  std::string_view name() const override { return "memory"; }
  std::string_view version() const override { return "0"; }
  std::uint32_t clock_hz() const override { return 1; }
  har::Bytes model_partition() override { return partition_; }
  void write(har::Bytes /*text*/) override {}
  void drain() override {}
  std::uint64_t micros() override { return micros_ += 1000; }
  void marker(bool /*level*/) override {}
  std::uint64_t timestamp() override { return micros_; }
  void wait(std::uint32_t /*micros*/) override {}
  const char* start_sampling() override { return nullptr; }
  bool read_sample(har::Sample& sample, std::uint32_t /*timeout_micros*/) override {
    sample.number = samples_++;
    return true;
  }
  void stop_sampling() override {}

 private:
  har::Bytes partition_;
  std::uint64_t micros_ = 0;
  std::uint32_t samples_ = 0;
};

struct Task {
  har::Console* console;
  const char* commands;
};

void* run(void* argument) {
  const Task task = *static_cast<Task*>(argument);
  if (task.commands == nullptr) {
    task.console->boot();
  } else if (*task.commands != '\0') {
    const std::string_view text = task.commands;
    task.console->receive({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  }
  return nullptr;
}

std::size_t stack_below(Task task) {
  stack.fill(kPaint);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstack(&attributes, stack.data(), stack.size());
  pthread_t thread{};
  if (pthread_create(&thread, &attributes, run, &task) != 0) {
    std::perror("pthread_create");
    std::exit(1);
  }
  pthread_join(thread, nullptr);
  const auto* touched =
      std::find_if(stack.begin(), stack.end(), [](std::uint8_t byte) { return byte != kPaint; });
  return static_cast<std::size_t>(stack.end() - touched);
}

// Prints what each of the commands takes, and returns the most.
std::size_t report(har::Console& console, std::initializer_list<const char*> all) {
  const std::size_t thread = stack_below({&console, ""});
  std::size_t worst = 0;
  for (const char* commands : all) {
    const std::size_t used = stack_below({&console, commands}) - thread;
    worst = std::max(worst, used);
    std::printf("%6zu B of stack: %s\n", used, commands == nullptr ? "(boot)" : commands);
  }
  return worst;
}

}  // namespace

int main() {
  const std::vector<std::uint8_t> partition = har::sealed_image(4);
  MutePort port({partition.data(), partition.size()});
  har::EchoRuntime runtime(har::ElementType::kFloat32);
  std::array<std::uint8_t, 4096> input{};
  har::Console console(port, runtime, {input.data(), input.size()});

  const std::vector<std::uint8_t> live_partition = har::sealed_image(har::kSensorChannels);
  MutePort live_port({live_partition.data(), live_partition.size()});
  har::EchoRuntime live_runtime(har::ElementType::kFloat32,
                                har::kWindowSamples * har::kSensorChannels);
  std::array<std::uint8_t, 2 * har::kWindowBytes> live_input{};
  har::Console live_console(live_port, live_runtime, {live_input.data(), live_input.size()});

  std::printf("pointers of %zu bits\n", 8 * sizeof(void*));
  std::printf("%6zu B static: the console, without the buffer for inputs\n", sizeof console);
  const std::size_t worst =
      report(console,
             {nullptr, "name%", "profile%", "model%", "arena%", "clock%", "ops%", "help%",
              "timestamp%", "nonsense%", "db load 32%", "db 0011223344556677%",
              "bin 2a174fb4 01234567%", "db print%", "db load 32%",
              "db 000000000000803f000000400000404000008040cdcccc3d0000c84217b7d138%", "infer 3 1%",
              "results%"});
  const std::size_t live_worst = report(live_console, {nullptr, "live 2%", "live 2 outputs%"});
  std::printf("%6zu B of stack at most\n", std::max(worst, live_worst));
  return 0;
}
