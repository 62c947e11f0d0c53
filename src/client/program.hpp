// The client as a program of its own.
#pragma once

#include "config/options.hpp"

namespace frpx::client {

/// Serves until SIGINT or SIGTERM, the second of which cuts what is still open, or until it is
/// clear that nobody can log in. Asks on the terminal for credentials that are missing. Returns the
/// exit code: 0 after a signal, 2 for wrong or missing credentials, 1 for a machine that cannot run
/// it.
int run_program(config::frpc_options options);

}  // namespace frpx::client
