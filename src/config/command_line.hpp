// From `argv`, environment and file to options, or to a text and an exit code.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "config/commands.hpp"
#include "config/environment.hpp"
#include "config/options.hpp"
#include "config/validate.hpp"

namespace frpx::config {

/// Exit code for a wrong command line, a wrong configuration and wrong credentials.
inline constexpr int exit_usage = 2;

/// The program is to print these texts and end: help, version, the configuration, or what is wrong.
struct finish {
  int exit_code = 0;
  std::string to_stdout;
  std::string to_stderr;
};

/// `frps` is to do `command` with `options`. `notes` are lines to log as warnings once the log
/// runs: what was ignored and why.
struct frps_run {
  frps_options options;
  frps_command command;
  bool json = false;
  std::vector<std::string> notes;
};

struct frpc_run {
  frpc_options options;
  frpc_command command;
  std::vector<std::string> notes;
};

struct keeper_run {
  keeper_options options;
  keeper_command command;
  bool json = false;
  std::vector<std::string> notes;
};

/// Reads all sources in their order (defaults, file, environment, command line), validates, and
/// returns what to do. Never throws for a user's mistake: that is a `finish` with `exit_usage` that
/// lists every problem. `built_in` says which databases and caches this program has.
std::variant<finish, frps_run> read_frps(const std::vector<std::string>& arguments,
                                         const environment& env, const backends& built_in);
std::variant<finish, frpc_run> read_frpc(const std::vector<std::string>& arguments,
                                         const environment& env);
std::variant<finish, keeper_run> read_keeper(const std::vector<std::string>& arguments,
                                             const environment& env, const backends& built_in);

/// `argv` without the program's name.
std::vector<std::string> arguments_of(int argc, const char* const* argv);

}  // namespace frpx::config
