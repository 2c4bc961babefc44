#include "tflm_runtime.hpp"

#include <cstdio>
#include <cstring>

#include "operators.hpp"

namespace har {
namespace {

using Resolver = tflite::MicroMutableOpResolver<kOperators>;

ElementType element_type(TfLiteType type) {
  switch (type) {
    case kTfLiteFloat32:
      return ElementType::kFloat32;
    case kTfLiteInt8:
      return ElementType::kInt8;
    case kTfLiteUInt8:
      return ElementType::kUint8;
    case kTfLiteInt16:
      return ElementType::kInt16;
    case kTfLiteInt32:
      return ElementType::kInt32;
    default:
      return ElementType::kOther;
  }
}

Tensor describe(const TfLiteTensor* tensor) {
  std::size_t elements = 1;
  for (int dimension = 0; dimension < tensor->dims->size; ++dimension) {
    elements *= static_cast<std::size_t>(tensor->dims->data[dimension]);
  }
  return {element_type(tensor->type), elements, tensor->bytes, tensor->params.scale,
          tensor->params.zero_point};
}

// The first operator that the resolver has no kernel for, or nullptr.
const char* missing_operator(const tflite::Model* model, const Resolver& resolver) {
  for (const tflite::OperatorCode* code : *model->operator_codes()) {
    if (code->builtin_code() == tflite::BuiltinOperator_CUSTOM) {
      return "of its own";
    }
    if (resolver.FindOp(code->builtin_code()) == nullptr) {
      return tflite::EnumNameBuiltinOperator(code->builtin_code());
    }
  }
  return nullptr;
}

}  // namespace

const char* TflmRuntime::load(const ModelImage& image) {
  static Resolver resolver;
  if (add_operators(resolver) != kTfLiteOk) {
    return "model: the operators cannot be registered";
  }
  constexpr std::size_t kIdentifierEnd = 8;  // a root's offset, then "TFL3"
  if (image.model.size < kIdentifierEnd || !tflite::ModelBufferHasIdentifier(image.model.data)) {
    return "model: not a TensorFlow Lite file";
  }
  const tflite::Model* model = tflite::GetModel(image.model.data);
  if (model->version() != TFLITE_SCHEMA_VERSION) {
    return "model: written for another version of TensorFlow Lite";
  }
  if (const char* name = missing_operator(model, resolver)) {
    std::snprintf(why_.data(), why_.size(), "model: no kernel for operator %s", name);
    return why_.data();
  }
  interpreter_.emplace(model, resolver, arena_.data, arena_.size, nullptr, &clock_);
  if (interpreter_->AllocateTensors() != kTfLiteOk) {
    std::snprintf(why_.data(), why_.size(),
                  "model: %u bytes of arena are too small, or a type has no kernel",
                  static_cast<unsigned>(arena_.size));
    return why_.data();
  }
  if (interpreter_->inputs_size() != 1 || interpreter_->outputs_size() != 1) {
    return "model: wanted one input and one output";
  }
  return nullptr;
}

Tensor TflmRuntime::input() const { return describe(interpreter_->input(0)); }

Tensor TflmRuntime::output() const { return describe(interpreter_->output(0)); }

const std::uint8_t* TflmRuntime::output_data() const {
  return tflite::GetTensorData<std::uint8_t>(interpreter_->output(0));
}

const char* TflmRuntime::invoke(Bytes input, std::uint32_t times) {
  TfLiteTensor* tensor = interpreter_->input(0);
  for (std::uint32_t run = 0; run < times; ++run) {
    // An LSTM keeps its state in variable tensors, and the arena uses the input's memory again.
    if (interpreter_->Reset() != kTfLiteOk) {
      return "model: its states cannot be reset";
    }
    std::memcpy(tensor->data.raw, input.data, input.size);
    if (interpreter_->Invoke() != kTfLiteOk) {
      return "model: an operator failed";
    }
  }
  return nullptr;
}

std::size_t TflmRuntime::arena_used() const { return interpreter_->arena_used_bytes(); }

const char* TflmRuntime::profile() {
  if (interpreter_->Reset() != kTfLiteOk) {
    return "model: its states cannot be reset";
  }
  TfLiteTensor* tensor = interpreter_->input(0);
  std::memset(tensor->data.raw, 0, tensor->bytes);
  clock_.start();
  const TfLiteStatus status = interpreter_->Invoke();
  clock_.stop();
  return status == kTfLiteOk ? nullptr : "model: an operator failed";
}

}  // namespace har
