// The client as a program of its own.
#pragma once

#include <functional>
#include <variant>

#include "config/command_line.hpp"

namespace frpx::client {

/// Serves until SIGINT or SIGTERM, the second of which cuts what is still open, or until it is
/// clear that nobody can log in. Asks on the terminal for credentials that are missing. Returns the
/// exit code: 0 after a signal, 2 for wrong or missing credentials, 1 for a machine that cannot run
/// it. `read_again` reads all sources of the options anew, for `frpc reload` and SIGHUP; it blocks.
using option_reader = std::function<std::variant<config::finish, config::frpc_run>()>;
int run_program(config::frpc_options options, option_reader read_again);

/// `frpc status` and `frpc reload`: asks the running client with these options, and prints its
/// answer. Returns the exit code.
int ask_running_client(config::frpc_options options, const config::frpc_command& what);

}  // namespace frpx::client
