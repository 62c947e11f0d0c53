// The configuration, read anew.
#pragma once

#include <functional>
#include <string>
#include <variant>

#include "api/server_view.hpp"
#include "config/options.hpp"

namespace frpx::server {

/// Reads all sources of the options anew; a text says what is wrong with them. Blocks.
using option_reader = std::function<std::variant<config::frps_options, std::string>()>;

/// Applies what changed and can be changed while the server runs, which is `--log-level`, and names
/// what else changed and waits for the next start. `running` is what the server runs with, and
/// keeps what was applied. With a fault in the configuration nothing changes. Blocks; one at a
/// time.
api::reload_report reload(config::frps_options& running, const option_reader& read_again);

}  // namespace frpx::server
