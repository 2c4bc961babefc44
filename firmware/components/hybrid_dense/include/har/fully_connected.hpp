// FULLY_CONNECTED for TensorFlow Lite Micro that also takes float32 input with int8 weights.
#pragma once

#include "tensorflow/lite/micro/micro_common.h"

namespace har {

// For `MicroMutableOpResolver::AddFullyConnected`. Every other pair of types goes to TFLM's own
// kernel, which keeps and computes what it does without this one.
//
// A hybrid operator takes one row of int8 as scratch from the head of the arena, for as long as it
// runs, and the tail keeps three words and a scratch handle for it in place of TFLM's own data.
TFLMRegistration Register_HYBRID_FULLY_CONNECTED();

}  // namespace har
