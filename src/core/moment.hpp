// Points in time as people write them.
#pragma once

#include <optional>
#include <string_view>

#include "core/clock.hpp"

namespace frpx {

/// `2026-11-20` (its beginning, UTC), `2026-11-20T09:00:00Z` (parse_rfc3339), or how long before
/// `now`: `24h`, `7d` (parse_duration). Nothing for any other text.
std::optional<wall_time> parse_moment(std::string_view text, wall_time now);

}  // namespace frpx
