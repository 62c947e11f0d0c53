// `frp-port-keeper lease ...`.
#pragma once

#include "config/command_line.hpp"

namespace frpx::keeper {

/// Does what the command line says to the leases that the options name, beside a running keeper or
/// not; prints the answer and returns the exit code. Throws start_error when they cannot be opened.
int run_command(const config::keeper_run& run);

}  // namespace frpx::keeper
