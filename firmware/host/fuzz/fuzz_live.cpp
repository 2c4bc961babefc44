// Any answers of the sensor, with lost transfers and any delays among them, while live windows are
// classified: each reading is newer than the last and within the sensor's ranges, what is said of
// samples and losses is what was given, and afterwards a command must still be answered.
#include <cmath>
#include <cstdlib>
#include <map>

#include "board.hpp"
#include "har/console.hpp"
#include "har/mpu6050.hpp"
#include "image_bytes.hpp"

namespace {

using namespace har::mpu6050;

// The input, byte by byte; behind its end the bus is dead.
class Tape {
 public:
  explicit Tape(har::Bytes bytes) : bytes_(bytes) {}
  bool ended() const { return at_ == bytes_.size; }
  std::uint8_t next() { return ended() ? std::uint8_t{0} : bytes_.data[at_++]; }

 private:
  har::Bytes bytes_;
  std::size_t at_ = 0;
};

class TapeRegisters final : public Registers {
 public:
  explicit TapeRegisters(Tape& tape) : tape_(tape) {}

  bool write(std::uint8_t address, std::uint8_t value) override {
    stored_[address] = value;
    return acknowledges();
  }

  bool read(std::uint8_t address, std::uint8_t* data, std::size_t size) override {
    for (std::size_t index = 0; index < size; ++index) {
      data[index] = byte_at(address, index);
    }
    return acknowledges();
  }

 private:
  // One transfer in 32 fails.
  bool acknowledges() { return !tape_.ended() && tape_.next() < 0xF8; }

  std::uint8_t byte_at(std::uint8_t address, std::size_t index) {
    switch (address) {
      case kWhoAmI:
        return tape_.next() < 0xFC ? kIdentity : tape_.next();
      case kInterruptStatus:
        return tape_.next() < 0xE0 ? std::uint8_t{0} : tape_.next();
      case kFifoCount:  // up to 2047, high byte first
        return index == 0 ? tape_.next() & 7U : tape_.next();
      case kFifoData:  // readings of any values, from few bytes
        return static_cast<std::uint8_t>((noise_ = noise_ * 1'664'525 + 1'013'904'223) >> 24U);
      default:
        return stored_[address];
    }
  }

  Tape& tape_;
  std::map<std::uint8_t, std::uint8_t> stored_;
  std::uint32_t noise_ = 0;
};

class LivePort final : public har::QuietPort {
 public:
  LivePort(har::Bytes partition, har::Bytes tape)
      : QuietPort(partition), tape_(tape), registers_(tape_), sensor_(registers_) {}

  const char* start_sampling() override {
    const char* wrong = sensor_.reset();
    if (wrong == nullptr) {
      wrong = sensor_.start(micros());
    }
    sampled = wrong == nullptr;
    return wrong;
  }

  bool read_sample(har::Sample& sample, std::uint32_t timeout_micros) override {
    const bool there = wait_for_reading(
        sensor_, sample, timeout_micros, [this] { return micros(); },
        [this](std::uint32_t longest) {
          wait(tape_.next() < 0xC0 ? longest : 1);
          return tape_.next() != 0xFF;
        });
    if (there) {
      check(sample);
    }
    return there;
  }

  void stop_sampling() override { sensor_.stop(); }
  bool interrupted() override { return false; }

  bool sampled = false;
  std::uint32_t samples = 0;
  std::uint32_t missing = 0;

 private:
  void check(const har::Sample& sample) {
    constexpr float kMostG = 32'768.0F / kCountsPerG;
    constexpr float kMostRadians = 32'768.0F * (kRadiansPerDegree / kCountsPerDegreePerSecond);
    for (std::size_t axis = 0; axis < 3; ++axis) {
      if (!(std::fabs(sample.values[axis]) <= kMostG) ||
          !(std::fabs(sample.values[axis + 3]) <= kMostRadians)) {
        std::abort();
      }
    }
    if (samples > 0 && sample.number <= last_) {
      std::abort();
    }
    missing += samples > 0 ? sample.number - last_ - 1 : 0;
    last_ = sample.number;
    ++samples;
  }

  Tape tape_;
  TapeRegisters registers_;
  Sensor sensor_;
  std::uint32_t last_ = 0;
};

bool holds(std::string_view said, const std::string& line) {
  return said.find("\r\n" + line + "\r\n") != std::string_view::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const auto type = (data[0] & 1U) != 0 ? har::ElementType::kInt8 : har::ElementType::kFloat32;
  const std::vector<std::uint8_t> partition = har::sealed_image(har::kSensorChannels);
  LivePort port({partition.data(), partition.size()}, {data + 1, size - 1});
  har::EchoRuntime runtime(type, har::kWindowSamples * har::kSensorChannels);
  std::vector<std::uint8_t> input(2 * har::kWindowBytes);
  har::Console console(port, runtime, {input.data(), input.size()});
  console.boot();
  constexpr std::string_view kAsk = "live 3 outputs%name%";
  constexpr std::string_view kAnswer = "\r\nm-ready\r\nm-name-dut-[fuzz]\r\nm-ready\r\n";
  console.receive({reinterpret_cast<const std::uint8_t*>(kAsk.data()), kAsk.size()});
  const std::string_view said = port.said;
  const bool answered = said.size() >= kAnswer.size() &&
                        said.substr(said.size() - kAnswer.size()) == kAnswer;
  const bool counted =
      !port.sampled || (holds(said, "m-live-samples-" + std::to_string(port.samples)) &&
                        holds(said, "m-live-lost-" + std::to_string(port.missing)));
  if (!answered || !counted || port.marked) {
    std::abort();
  }
  return 0;
}
