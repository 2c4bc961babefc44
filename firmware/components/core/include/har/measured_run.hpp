// MLPerf Tiny's measured run, kept quiet.
#pragma once

#include <cstdint>

#include "har/application.hpp"

namespace har {

// Ten time constants of the shunt with up to 100 uF of decoupling behind it.
constexpr std::uint32_t kSettleMicros = 10'000;

// Run and answer `infer`. After the last text before the window the UART is drained, so that no
// byte leaves in it; inferences that do not count bring the supply's current to its steady state;
// the marker is high during `count` inferences alone, between two time stamps; a post-roll lets the
// current's tail pass before anything is said again.
void measured_run(Application& application, Bytes input, std::uint32_t count,
                  std::uint32_t warm_up);

}  // namespace har
