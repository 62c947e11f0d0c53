// How busy this machine is.
#pragma once

#include <string>

#include "host/cpu_times.hpp"

namespace frpx::host {

/// Percentages from 0 to 100, always finite.
struct metrics {
  float cpu_usage = 0;     ///< Of all cores, since the reading before.
  float memory_usage = 0;  ///< What is not available to a new program.
  float disk_usage = 0;    ///< Of the file system at `/`, as `df` counts.
};

/// Reads the machine's metrics. Keeps the last CPU times, for usage is the difference of two
/// readings: the first one is measured from the constructor on. Not safe for use by two threads.
/// What cannot be read is 0.
class meter {
 public:
  meter();
  /// Does not wait; reads two small files of /proc and asks the file system once.
  metrics read();

 private:
  cpu_times before_;
};

/// The machine's name, made fit for a message: plain UTF-8 without control characters, at most 256
/// bytes; `unknown` if it has none.
std::string host_name();

}  // namespace frpx::host
