// Runs models in TensorFlow Lite Micro, with the hybrid dense kernel in the stock one's place.
#pragma once

#include <array>
#include <optional>

#include "har/bytes.hpp"
#include "har/runtime.hpp"
#include "har/text.hpp"
#include "operator_clock.hpp"
#include "tensorflow/lite/micro/micro_interpreter.h"

namespace har {

class TflmRuntime final : public Runtime {
 public:
  // `arena`: aligned to 16 bytes, for ever.
  explicit TflmRuntime(MutableBytes arena) : arena_(arena) {}

  const char* load(const ModelImage& image) override;
  Tensor input() const override;
  Tensor output() const override;
  const std::uint8_t* output_data() const override;
  const char* invoke(Bytes input, std::uint32_t times) override;
  std::size_t arena_used() const override;
  std::size_t arena_size() const override { return arena_.size; }
  const char* profile() override;
  std::size_t operators() const override { return clock_.size(); }
  OperatorTime operator_time(std::size_t index) const override { return clock_.time(index); }

 private:
  MutableBytes arena_;
  OperatorClock clock_;
  // What the interpreter's calls, which are not const, are made on by calls that are.
  mutable std::optional<tflite::MicroInterpreter> interpreter_;
  std::array<char, 80> why_{};
};

}  // namespace har
