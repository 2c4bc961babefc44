// The model that was built into the application.
#pragma once

#include "har/model_partition.hpp"

namespace har {

// nullptr where the model is in a partition of its own.
const ModelImage* embedded_model();

}  // namespace har
