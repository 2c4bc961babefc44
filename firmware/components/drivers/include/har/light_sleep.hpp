// Light sleep between live samples: clocks off, memory and pins kept, about 0.8 mA.
#pragma once

#include <cstdint>

namespace har::light_sleep {

void open();
// Sleep until the sensor has a reading, or for one sampling period where its interrupt is not
// connected, but for `micros` at most. May return early: the caller asks the sensor and comes back.
// Returns whether a byte on the console has ended it; that byte is lost.
bool until_data_ready(std::uint32_t micros);

}  // namespace har::light_sleep
