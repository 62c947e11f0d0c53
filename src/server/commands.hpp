// Whatever `frps` does besides serving: `frps --monitor`, `frps status`, `frps user ...`,
// `frps key ...`.
#pragma once

#include "config/command_line.hpp"
#include "config/environment.hpp"

namespace frpx::server {

/// Does what the command line says, prints the answer and returns the exit code. Users and keys are
/// those of the store that the options name, beside a running server or not; throws start_error
/// when it cannot be opened. The monitor and the status are asked of a running server; no store is
/// opened for them. With `--watch`, SIGINT and SIGTERM end the process with exit code 0.
int run_command(const config::frps_run& run, const config::environment& env);

}  // namespace frpx::server
