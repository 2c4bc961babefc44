// The smallest board and runtime that a core runs on; both count what is asked of them.
#pragma once

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "har/port.hpp"
#include "har/runtime.hpp"

namespace har {

class QuietPort : public Port {
 public:
  explicit QuietPort(Bytes partition) : partition_(partition) {}

  std::string_view name() const override { return "fuzz"; }
  std::string_view version() const override { return "0"; }
  std::uint32_t clock_hz() const override { return 160'000'000; }
  Bytes model_partition() override { return partition_; }
  void write(Bytes text) override {
    said.append(reinterpret_cast<const char*>(text.data), text.size);
  }
  void drain() override {}
  std::uint64_t micros() override { return micros_ += 1000; }
  void marker(bool level) override { marked = level; }
  std::uint64_t timestamp() override { return micros(); }
  void wait(std::uint32_t micros) override { micros_ += micros; }
  const char* start_sampling() override { return nullptr; }
  // Every 401st is missing: about two windows without a gap.
  bool read_sample(Sample& sample, std::uint32_t /*timeout_micros*/) override {
    sample.number = samples_++;
    return samples_ % 401 != 0;
  }
  void stop_sampling() override {}
  // However many windows were asked for, somebody presses a key.
  bool interrupted() override { return ++asked_ % 1024 == 0; }

  std::string said;
  bool marked = false;

 private:
  Bytes partition_;
  std::uint64_t micros_ = 0;
  std::uint32_t samples_ = 0;
  std::uint32_t asked_ = 0;
};

// A model of float32 or int8 values that gives its first eight back. As the chip's, it can be asked
// nothing before it is loaded.
class EchoRuntime final : public Runtime {
 public:
  explicit EchoRuntime(ElementType type, std::size_t elements = kOutputs)
      : input_(tensor(type, elements)), output_(tensor(type, kOutputs)) {}

  const char* load(const ModelImage& image) override {
    loaded_ = image.model.size % 7 != 6;
    return loaded_ ? nullptr : "model: refused";
  }
  Tensor input() const override { return checked(input_); }
  Tensor output() const override { return checked(output_); }
  const std::uint8_t* output_data() const override { return checked(echoed_).data(); }
  const char* invoke(Bytes input, std::uint32_t /*times*/) override {
    if (input.size != checked(input_).bytes) {
      std::abort();
    }
    for (std::size_t index = 0; index < output_.bytes; ++index) {
      echoed_[index] = input.data[index];
    }
    return nullptr;
  }
  std::size_t arena_used() const override { return checked<std::size_t>(1); }
  std::size_t arena_size() const override { return checked<std::size_t>(2); }
  const char* profile() override { return checked(nullptr); }
  std::size_t operators() const override { return checked<std::size_t>(1); }
  OperatorTime operator_time(std::size_t /*index*/) const override {
    return checked(OperatorTime{"ECHO", 1.25});
  }

 private:
  static constexpr std::size_t kOutputs = 8;

  static Tensor tensor(ElementType type, std::size_t elements) {
    const bool real = type == ElementType::kFloat32;
    return {type, elements, real ? 4 * elements : elements, real ? 0.0F : 0.25F, 0};
  }

  template <typename Value>
  const Value& checked(const Value& value) const {
    if (!loaded_) {
      std::abort();
    }
    return value;
  }

  bool loaded_ = false;
  Tensor input_;
  Tensor output_;
  std::array<std::uint8_t, 4 * kOutputs> echoed_{};
};

}  // namespace har
