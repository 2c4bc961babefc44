// The two pins that instruments look at.
#pragma once

#include <cstdint>

namespace har::pins {

void open();
// High during a window.
void marker(bool level);
// A falling edge on MLPerf's timestamp pin; returns microseconds since the start at the edge.
std::uint64_t timestamp();

}  // namespace har::pins
