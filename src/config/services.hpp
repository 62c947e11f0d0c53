// The services that a client exposes, as its file and command line say them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/option.hpp"

namespace frpx::config {

/// The keys of one service that hold one value each, as rows of a table bound to `entry`. Its lists
/// (`allow`, `deny`) and its `metadata` are no rows.
option_table table_of(service_entry& entry);

/// Gives services that nobody named, `tcp-22`, a name that is their client's alone:
/// `tcp-22-office`.
void complete_names(std::vector<service_entry>& services, std::string_view client_id);

/// All problems of these services, each with the place where the service was said.
std::vector<std::string> validate(const std::vector<service_entry>& services);

}  // namespace frpx::config
