#include "har/live.hpp"

#include "har/preprocess.hpp"

namespace har {
namespace {

// Why this model cannot be fed from the sensor, or nullptr.
const char* unfit(const Application& application) {
  const Standardisation& standardisation = application.image.standardisation;
  const bool fits = standardisation.channels == kSensorChannels &&
                    raw_bytes(standardisation, application.runtime.input()) == kWindowBytes;
  return fits ? nullptr : "live: the model does not take windows of 128 samples of six channels";
}

std::size_t largest_output(const Runtime& runtime) {
  const Tensor output = runtime.output();
  std::size_t largest = 0;
  for (std::size_t index = 1; index < output.elements; ++index) {
    if (real_element(output, runtime.output_data(), index) >
        real_element(output, runtime.output_data(), largest)) {
      largest = index;
    }
  }
  return largest;
}

// Classify the window that is complete and print what it is; returns what is wrong, or nullptr.
const char* classify(Application& application, LiveLines lines) {
  application.input.expect(kWindowBytes);
  for (const Bytes& part : application.samples.window()) {
    application.input.append(part);
  }
  const Bytes tensor = application.input_tensor();
  if (tensor.data == nullptr) {
    return "live: a window does not fit";
  }
  application.port.marker(true);
  const char* wrong = application.runtime.invoke(tensor, 1);
  application.port.marker(false);
  if (wrong != nullptr) {
    return wrong;
  }
  application.has_output = true;
  Reply& reply = application.reply;
  reply.put("m-live-window-");
  reply.number(application.samples.windows());
  reply.put("-class-");
  reply.number(largest_output(application.runtime));
  if (lines == LiveLines::kOutputs) {
    reply.put("-");
    application.put_results();
  }
  reply.end_line();
  reply.flush();
  application.port.drain();
  return nullptr;
}

// Takes samples until enough windows are complete; returns what is wrong, or nullptr.
const char* sample(Application& application, std::uint32_t windows, LiveLines lines) {
  WindowBuffer& samples = application.samples;
  Port& port = application.port;
  std::uint32_t timeouts = 0;
  while (samples.windows() < windows && port.running() && !port.interrupted()) {
    Sample next;
    if (port.read_sample(next, kSampleTimeoutMicros)) {
      timeouts = 0;
      const char* wrong = samples.push(next) ? classify(application, lines) : nullptr;
      if (wrong != nullptr) {
        return wrong;
      }
    } else {
      samples.interrupt();
      if (++timeouts == kMostTimeouts) {
        return "live: the sensor gives no samples any more: check its supply and the I2C bus";
      }
    }
  }
  return nullptr;
}

}  // namespace

void live(Application& application, std::uint32_t windows, LiveLines lines) {
  Reply& reply = application.reply;
  if (const char* wrong = unfit(application)) {
    return reply.refuse(wrong);
  }
  reply.line("m-live-start-", windows);
  reply.line("m-live-idle-[", application.port.idle_between_samples(), "]");
  reply.flush();
  application.port.drain();
  application.samples.clear();
  if (const char* wrong = application.port.start_sampling()) {
    return reply.refuse(wrong);
  }
  const char* wrong = sample(application, windows, lines);
  application.port.stop_sampling();
  const WindowBuffer& samples = application.samples;
  reply.line("m-live-samples-", samples.samples());
  reply.line("m-live-gaps-", samples.gaps());
  reply.line("m-live-lost-", samples.missing());
  reply.line("m-live-windows-", samples.windows());
  if (wrong != nullptr) {
    return reply.refuse(wrong);
  }
  reply.line("m-live-done");
}

}  // namespace har
