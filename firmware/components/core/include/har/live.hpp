// Live mode: the sensor is sampled, and every window is classified as soon as it is complete.
#pragma once

#include <cstdint>

#include "har/application.hpp"

namespace har {

// A sample is due every 20 ms; one that has not come after half as long again leaves a gap.
constexpr std::uint32_t kSampleTimeoutMicros = 30'000;
// So many samples in a row that do not come are the end of the sensor, not a gap.
constexpr std::uint32_t kMostTimeouts = 100;

enum class LiveLines { kClass, kOutputs };

// Run and answer `live`: until `windows` windows are classified, or any byte comes on the console.
// Between two samples the board is idle as its port can be; the marker is high during each
// inference. Nothing is printed but a line after each inference: the class alone, since the UART
// keeps the board awake, or the outputs, too. Either takes less than a sample's time; samples that
// come meanwhile wait in the sensor's FIFO, which has room for 85.
void live(Application& application, std::uint32_t windows, LiveLines lines);

}  // namespace har
