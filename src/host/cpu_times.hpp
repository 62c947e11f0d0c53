// How long the processors have worked.
#pragma once

#include <cstdint>

namespace frpx::host {

/// Sums over all cores since the machine started, in a unit of the platform.
struct cpu_times {
  std::uint64_t busy = 0;
  std::uint64_t total = 0;
};

/// Percent of the time between two readings; 0 if there was none or the counters ran backwards, as
/// they do when a container moves.
float cpu_usage(const cpu_times& before, const cpu_times& now);

}  // namespace frpx::host
