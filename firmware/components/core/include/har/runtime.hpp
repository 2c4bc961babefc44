// What runs a model: TensorFlow Lite Micro on the chip, a call-back on the twin.
#pragma once

#include <cstddef>
#include <cstdint>

#include "har/bytes.hpp"
#include "har/model_partition.hpp"
#include "har/tensor.hpp"

namespace har {

// Name and time of an operator of one inference; the name stays valid until the next `load`.
struct OperatorTime {
  const char* name = "";
  double micros = 0.0;
};

class Runtime {
 public:
  Runtime() = default;
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;
  virtual ~Runtime() = default;

  // Where a text is returned, it is nullptr, or what is wrong in words that stay valid until the
  // next call; they appear on the console. No call but `load` allocates.

  // Load the model of `image`, whose checksums are right; it stays mapped. Called once, at boot;
  // everything below is called only after it has succeeded.
  virtual const char* load(const ModelImage& image) = 0;

  virtual Tensor input() const = 0;
  virtual Tensor output() const = 0;
  // The output tensor's bytes after `invoke`, as many as `output().bytes`.
  virtual const std::uint8_t* output_data() const = 0;

  // Run `times` inferences, each on this input (`input().bytes` bytes; copied into the tensor each
  // time, since the arena's memory is used again) and with fresh states: an LSTM's must not last
  // from one inference to the next. Returns as soon as the last is done; nothing is printed.
  virtual const char* invoke(Bytes input, std::uint32_t times) = 0;

  // Bytes of the tensor arena.
  virtual std::size_t arena_used() const = 0;
  virtual std::size_t arena_size() const = 0;

  // Time the operators in one inference, on any input; then `operator_time` tells of each.
  virtual const char* profile() = 0;
  virtual std::size_t operators() const = 0;
  virtual OperatorTime operator_time(std::size_t index) const = 0;
};

}  // namespace har
