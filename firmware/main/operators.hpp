// The operators that the firmware has: what the bench's FIRMWARE_KERNELS lists, and no other, since
// each one takes its share of the application's partition.
#pragma once

#include "har/fully_connected.hpp"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"

namespace har {

constexpr unsigned int kOperators = 11;

inline TfLiteStatus add_operators(tflite::MicroMutableOpResolver<kOperators>& resolver) {
  const TfLiteStatus added[] = {
      resolver.AddAdd(),
      resolver.AddAveragePool2D(),
      resolver.AddConv2D(),
      resolver.AddDequantize(),
      resolver.AddFullyConnected(Register_HYBRID_FULLY_CONNECTED()),
      resolver.AddMaxPool2D(),
      resolver.AddQuantize(),
      resolver.AddReshape(),
      resolver.AddSoftmax(),
      resolver.AddStridedSlice(),
      resolver.AddUnidirectionalSequenceLSTM(),
  };
  for (const TfLiteStatus status : added) {
    if (status != kTfLiteOk) {
      return status;
    }
  }
  return kTfLiteOk;
}

}  // namespace har
