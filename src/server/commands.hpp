// Whatever `frps` does besides serving: `frps --monitor`, `frps status`, `frps user ...`,
// `frps key ...`, `frps token ...` and `frps db ...`.
#pragma once

#include "config/command_line.hpp"
#include "config/environment.hpp"

namespace frpx::server {

/// Does what the command line says to the store that the options name, beside a running server or
/// not; prints the answer and returns the exit code. Throws start_error when the store cannot be
/// opened.
int run_command(const config::frps_run& run, const config::environment& env);

}  // namespace frpx::server
