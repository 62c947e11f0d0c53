// The texts of Linux' /proc that metrics are made of (proc(5)).
#pragma once

#include <optional>
#include <string_view>

#include "host/cpu_times.hpp"

namespace frpx::host {

/// From the first line of /proc/stat. Guest time is part of user time there and not counted twice;
/// idle and waiting for disks count as not busy.
std::optional<cpu_times> parse_cpu_times(std::string_view stat);

/// Percent of MemTotal that is not MemAvailable, from /proc/meminfo.
std::optional<float> parse_memory_usage(std::string_view meminfo);

}  // namespace frpx::host
