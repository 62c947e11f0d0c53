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
    auto read =
        config::read_frpc(config::arguments_of(argc, argv), config::environment::of_this_process());
    if (const auto* finish = std::get_if<config::finish>(&read)) {
      std::fputs(finish->to_stdout.c_str(), stdout);
      std::fputs(finish->to_stderr.c_str(), stderr);
      return finish->exit_code;
    }
    auto& run = std::get<config::frpc_run>(read);
    log::start(run.options.log_level, run.options.log_format);
    for (const std::string& note : run.notes) log::warn("{}", note);
    return client::run_program(std::move(run.options));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "frpc: %s\n", error.what());
    return 1;
  }
}
