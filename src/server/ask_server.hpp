// What is asked of the running server, through its API: `frps --monitor` and `frps status`.
#pragma once

#include <optional>

#include "config/commands.hpp"
#include "config/options.hpp"
#include "identity/commands.hpp"

namespace frpx::server {

/// Answers the commands that go to the running server; nothing for those that go to the store.
/// Blocks; `--monitor --watch` until a signal.
std::optional<identity::outcome> ask_server(const config::frps_options& options,
                                            const config::frps_command& command, identity::form as);

}  // namespace frpx::server
