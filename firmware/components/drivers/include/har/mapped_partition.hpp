// The model partition, mapped into the address space through the flash cache.
#pragma once

#include "har/bytes.hpp"

namespace har {

// All of the partition labelled "model", for ever; empty where the table has none.
Bytes map_model_partition();

}  // namespace har
