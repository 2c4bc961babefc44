#include "har/mapped_partition.hpp"

#include "esp_err.h"
#include "esp_partition.h"

namespace har {

Bytes map_model_partition() {
  const esp_partition_t* partition =
      esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_ANY, "model");
  if (partition == nullptr) {
    return {};
  }
  const void* data = nullptr;
  esp_partition_mmap_handle_t forever = 0;
  ESP_ERROR_CHECK(esp_partition_mmap(partition, 0, partition->size, ESP_PARTITION_MMAP_DATA, &data,
                                     &forever));
  return {static_cast<const std::uint8_t*>(data), partition->size};
}

}  // namespace har
