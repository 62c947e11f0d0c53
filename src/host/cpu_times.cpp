#include "host/cpu_times.hpp"

#include <algorithm>

namespace frpx::host {

float cpu_usage(const cpu_times& before, const cpu_times& now) {
  if (now.total <= before.total || now.busy < before.busy) return 0;
  const double passed = static_cast<double>(now.total - before.total);
  const double busy = static_cast<double>(now.busy - before.busy);
  return static_cast<float>(std::min(100.0, 100.0 * busy / passed));
}

}  // namespace frpx::host
