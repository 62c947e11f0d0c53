// frpc: the client beside the private service.
#include <cstdio>
#include <exception>
#include <variant>

#include "client/program.hpp"
#include "config/command_line.hpp"
#include "core/log.hpp"

int main(int argc, char** argv) {
  using namespace frpx;
  try {
    const auto read_options = [arguments = config::arguments_of(argc, argv),
                               env = config::environment::of_this_process()] {
      return config::read_frpc(arguments, env);
    };
    auto read = read_options();
    if (const auto* finish = std::get_if<config::finish>(&read)) {
      std::fputs(finish->to_stdout.c_str(), stdout);
      std::fputs(finish->to_stderr.c_str(), stderr);
      return finish->exit_code;
    }
    auto& run = std::get<config::frpc_run>(read);
    log::start(run.options.log_level, run.options.log_format);
    for (const std::string& note : run.notes) log::warn("{}", note);
    if (!std::holds_alternative<config::serve>(run.command)) {
      return client::ask_running_client(std::move(run.options), run.command);
    }
    return client::run_program(std::move(run.options), read_options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "frpc: %s\n", error.what());
    return 1;
  }
}
