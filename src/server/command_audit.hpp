// What commands leave in the audit log.
#pragma once

#include <optional>
#include <string_view>

#include "config/commands.hpp"
#include "store/rows.hpp"

namespace frpx::server {

/// Who made the change, in the row of each command.
inline constexpr std::string_view command_line_author = "command line";

/// The row for a command that has changed something, by the user of this machine who ran it;
/// nothing for one that only looks.
std::optional<store::audit_row> audit_row_of(const config::frps_command& command, wall_time now);

}  // namespace frpx::server
