// The two clocks: a steady one for deadlines, the wall's for people and tables.
#pragma once

#include <chrono>
#include <string>

namespace frpx {

using steady_clock = std::chrono::steady_clock;
using steady_time = steady_clock::time_point;
using wall_clock = std::chrono::system_clock;
using wall_time = wall_clock::time_point;

/// RFC 3339 in UTC with microseconds: `2026-11-20T09:24:59.000123Z`.
std::string to_rfc3339(wall_time time);

}  // namespace frpx
