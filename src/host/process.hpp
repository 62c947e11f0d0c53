// What this process holds of its machine.
#pragma once

#include <cstdint>

namespace frpx::host {

/// What cannot be read is 0.
struct process_figures {
  std::uint64_t open_descriptors = 0;
  std::uint64_t most_descriptors = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  double cpu_seconds = 0;  ///< Of all threads, user and system, since the start.
};

/// Counts the open descriptors one by one: with many of them it takes milliseconds, so it is not
/// for a worker.
process_figures read_process();

}  // namespace frpx::host
