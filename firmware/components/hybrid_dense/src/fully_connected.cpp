#include "har/fully_connected.hpp"

#include "har/hybrid_dense.hpp"
#include "tensorflow/lite/c/builtin_op_data.h"
#include "tensorflow/lite/micro/kernels/fully_connected.h"
#include "tensorflow/lite/micro/kernels/kernel_util.h"
#include "tensorflow/lite/micro/micro_log.h"

namespace har {
namespace {

// What a hybrid operator keeps between inferences; the scales lie in the model.
struct HybridData {
  const float* scales;
  std::int32_t scale_count;
  int scratch_index;
};

// A tensor with its quantisation, which the allocator lends while operators are prepared.
class LentTensor {
 public:
  LentTensor(TfLiteContext* context, TfLiteTensor* tensor)
      : micro_(tflite::GetMicroContext(context)), tensor_(tensor) {}
  ~LentTensor() {
    if (tensor_ != nullptr) micro_->DeallocateTempTfLiteTensor(tensor_);
  }
  LentTensor(const LentTensor&) = delete;
  LentTensor& operator=(const LentTensor&) = delete;

  static LentTensor input(TfLiteContext* context, TfLiteNode* node, int index) {
    return {context, tflite::GetMicroContext(context)->AllocateTempInputTensor(node, index)};
  }
  static LentTensor output(TfLiteContext* context, TfLiteNode* node, int index) {
    return {context, tflite::GetMicroContext(context)->AllocateTempOutputTensor(node, index)};
  }

  explicit operator bool() const { return tensor_ != nullptr; }
  const TfLiteTensor* operator->() const { return tensor_; }

 private:
  tflite::MicroContext* micro_;
  TfLiteTensor* tensor_;
};

bool is_hybrid(TfLiteType input, TfLiteType weights) {
  return input == kTfLiteFloat32 && weights == kTfLiteInt8;
}

const TfLiteFullyConnectedParams* params_of(const TfLiteNode* node) {
  return static_cast<const TfLiteFullyConnectedParams*>(node->builtin_data);
}

int elements(const TfLiteIntArray* dims) {
  int count = 1;
  for (int i = 0; i < dims->size; ++i) count *= dims->data[i];
  return count;
}

// The scales of weights that are symmetric about zero, for all units or for each; null for others.
const TfLiteFloatArray* scales_of(const LentTensor& weights) {
  if (weights->quantization.type != kTfLiteAffineQuantization) return nullptr;
  const auto* affine = static_cast<const TfLiteAffineQuantization*>(weights->quantization.params);
  const int scales = affine->scale->size;
  if (scales != 1 && scales != weights->dims->data[0]) return nullptr;
  if (scales != 1 && affine->quantized_dimension != 0) return nullptr;
  for (int i = 0; i < affine->zero_point->size; ++i) {
    if (affine->zero_point->data[i] != 0) return nullptr;
  }
  return affine->scale;
}

TfLiteStatus prepare_hybrid(TfLiteContext* context, TfLiteNode* node, const LentTensor& input,
                            const LentTensor& weights) {
  const LentTensor bias = LentTensor::input(context, node, tflite::kFullyConnectedBiasTensor);
  const LentTensor output = LentTensor::output(context, node, tflite::kFullyConnectedOutputTensor);
  TF_LITE_ENSURE(context, output);
  TF_LITE_ENSURE_EQ(context, weights->dims->size, 2);
  const int inputs = weights->dims->data[1];
  TF_LITE_ENSURE(context, inputs >= 1 && inputs <= kMaxInputs);
  TF_LITE_ENSURE_EQ(context, elements(input->dims) % inputs, 0);
  TF_LITE_ENSURE(context, !bias || bias->type == kTfLiteFloat32);
  TF_LITE_ENSURE_EQ(context, output->type, kTfLiteFloat32);
  const TfLiteFusedActivation activation = params_of(node)->activation;
  TF_LITE_ENSURE(context, activation >= kTfLiteActNone && activation <= kTfLiteActRelu6);
  const TfLiteFloatArray* scales = scales_of(weights);
  TF_LITE_ENSURE(context, scales != nullptr);

  auto* data = static_cast<HybridData*>(
      context->AllocatePersistentBuffer(context, sizeof(HybridData)));
  TF_LITE_ENSURE(context, data != nullptr);
  data->scales = scales->data;
  data->scale_count = scales->size;
  node->user_data = data;
  return context->RequestScratchBufferInArena(context, hybrid_scratch_bytes(inputs),
                                              &data->scratch_index);
}

TfLiteStatus prepare(TfLiteContext* context, TfLiteNode* node) {
  {
    const LentTensor input = LentTensor::input(context, node, tflite::kFullyConnectedInputTensor);
    const LentTensor weights =
        LentTensor::input(context, node, tflite::kFullyConnectedWeightsTensor);
    TF_LITE_ENSURE(context, input && weights);
    if (is_hybrid(input->type, weights->type)) {
      return prepare_hybrid(context, node, input, weights);
    }
  }
  const TFLMRegistration stock = tflite::Register_FULLY_CONNECTED();
  node->user_data = stock.init(context, nullptr, 0);
  return stock.prepare(context, node);
}

TfLiteStatus evaluate_hybrid(TfLiteContext* context, TfLiteNode* node,
                             const TfLiteEvalTensor* input, const TfLiteEvalTensor* weights) {
  const auto* data = static_cast<const HybridData*>(node->user_data);
  const TfLiteEvalTensor* bias =
      tflite::micro::GetEvalInput(context, node, tflite::kFullyConnectedBiasTensor);
  TfLiteEvalTensor* output =
      tflite::micro::GetEvalOutput(context, node, tflite::kFullyConnectedOutputTensor);
  const HybridLayer layer{tflite::micro::GetTensorData<std::int8_t>(weights),
                          data->scales,
                          data->scale_count,
                          tflite::micro::GetOptionalTensorData<float>(bias),
                          weights->dims->data[0],
                          weights->dims->data[1],
                          params_of(node)->asymmetric_quantize_inputs,
                          static_cast<Activation>(params_of(node)->activation)};
  auto* scratch =
      static_cast<std::uint8_t*>(context->GetScratchBuffer(context, data->scratch_index));
  const Status status = hybrid_dense(layer, tflite::micro::GetTensorData<float>(input),
                                     elements(input->dims) / layer.inputs, scratch,
                                     hybrid_scratch_bytes(layer.inputs),
                                     tflite::micro::GetTensorData<float>(output));
  if (status == Status::kOk) return kTfLiteOk;
  MicroPrintf("FULLY_CONNECTED float32 by int8: status %d", static_cast<int>(status));
  return kTfLiteError;
}

TfLiteStatus evaluate(TfLiteContext* context, TfLiteNode* node) {
  const TfLiteEvalTensor* input =
      tflite::micro::GetEvalInput(context, node, tflite::kFullyConnectedInputTensor);
  const TfLiteEvalTensor* weights =
      tflite::micro::GetEvalInput(context, node, tflite::kFullyConnectedWeightsTensor);
  if (is_hybrid(input->type, weights->type)) {
    return evaluate_hybrid(context, node, input, weights);
  }
  return tflite::Register_FULLY_CONNECTED().invoke(context, node);
}

}  // namespace

// No init: which data an operator keeps depends on its types, which are known when it is prepared.
TFLMRegistration Register_HYBRID_FULLY_CONNECTED() {
  return tflite::micro::RegisterOp(nullptr, prepare, evaluate);
}

}  // namespace har
