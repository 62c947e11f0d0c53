// Durations as people write them.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace frpx {

/// `500ms`, `10s`, `2m`, `1h`, `7d`, or a number of seconds; at most 365 days. Nothing for any
/// other text.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace frpx
