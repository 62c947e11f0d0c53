// The two clocks: a steady one for deadlines, the wall's for people and tables.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace frpx {

using steady_clock = std::chrono::steady_clock;
using steady_time = steady_clock::time_point;
using wall_clock = std::chrono::system_clock;
using wall_time = wall_clock::time_point;

/// RFC 3339 in UTC with microseconds: `2026-11-20T09:24:59.000123Z`.
std::string to_rfc3339(wall_time time);

/// The same form with any offset and 0 to 9 fractional digits, as Go writes it:
/// `2024-05-01T10:00:00.12+08:00`. A time that `wall_time` cannot hold (Go's zero time lies in the
/// year 1) becomes the nearest that it can. Nothing when the text is of another form.
std::optional<wall_time> parse_rfc3339(std::string_view text);

}  // namespace frpx
