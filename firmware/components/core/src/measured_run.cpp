#include "har/measured_run.hpp"

namespace har {
namespace {

const char* settle(Application& application, Bytes input) {
  const std::uint64_t begin = application.port.micros();
  do {
    if (const char* wrong = application.runtime.invoke(input, 1)) {
      return wrong;
    }
  } while (application.port.running() && application.port.micros() - begin <= kSettleMicros);
  return nullptr;
}

struct Window {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  const char* wrong = nullptr;
};

Window window(Application& application, Bytes input, std::uint32_t count) {
  Window window;
  application.port.marker(true);
  window.begin = application.port.timestamp();
  window.wrong = application.runtime.invoke(input, count);
  application.port.marker(false);
  window.end = application.port.timestamp();
  return window;
}

}  // namespace

void measured_run(Application& application, Bytes input, std::uint32_t count,
                  std::uint32_t warm_up) {
  Reply& reply = application.reply;
  reply.line("m-warmup-start-", warm_up);
  reply.flush();
  if (const char* wrong = application.runtime.invoke(input, warm_up)) {
    return reply.refuse(wrong);
  }
  reply.line("m-warmup-done");
  reply.line("m-infer-start-", count);
  reply.flush();
  application.port.drain();
  if (const char* wrong = settle(application, input)) {
    return reply.refuse(wrong);
  }
  const Window measured = window(application, input, count);
  application.port.wait(kSettleMicros);
  if (measured.wrong != nullptr) {
    return reply.refuse(measured.wrong);
  }
  application.has_output = true;
  reply.line("m-lap-us-", measured.begin);
  reply.line("m-lap-us-", measured.end);
  reply.line("m-infer-done");
  application.say_results();
}

}  // namespace har
