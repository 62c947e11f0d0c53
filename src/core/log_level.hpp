// How much the program's log tells, while it runs.
#pragma once

#include <optional>
#include <string_view>

#include "core/log.hpp"

namespace frpx::log {

/// `trace`, `debug`, `info`, `warn`, `error`, `off`: as `--log-level` takes them.
std::optional<level> parse_level(std::string_view word);
std::string_view to_string(level value);

/// The lowest level that the program's log tells. Any thread.
level lowest_level();
void set_lowest_level(level value);

}  // namespace frpx::log
