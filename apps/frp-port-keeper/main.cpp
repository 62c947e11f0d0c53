// frp-port-keeper: gives each proxy of the public frp the same remote port for life.
#include <csignal>
#include <cstdio>
#include <exception>

#include "config/command_line.hpp"
#include "core/log.hpp"
#include "keeper/commands.hpp"
#include "keeper/server.hpp"

namespace {

// Signals are taken by sigwait alone, so every thread must have them blocked: called first.
sigset_t block_signals() {
  sigset_t stops;
  sigemptyset(&stops);
  sigaddset(&stops, SIGTERM);
  sigaddset(&stops, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stops, nullptr);
  return stops;
}

int serve(const frpx::config::keeper_options& options, const sigset_t& stops) {
  frpx::keeper::server server(options);
  int signal = 0;
  sigwait(&stops, &signal);
  pthread_sigmask(SIG_UNBLOCK, &stops, nullptr);  // a second one ends the program at once
  server.stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const sigset_t stops = block_signals();
  const auto env = frpx::config::environment::of_this_process();
  const auto read = frpx::config::read_keeper(frpx::config::arguments_of(argc, argv), env, {});
  if (const auto* end = std::get_if<frpx::config::finish>(&read)) {
    std::fputs(end->to_stdout.c_str(), stdout);
    std::fputs(end->to_stderr.c_str(), stderr);
    return end->exit_code;
  }
  const auto& run = std::get<frpx::config::keeper_run>(read);
  frpx::log::start(run.options.log_level, run.options.log_format);
  for (const auto& note : run.notes) frpx::log::warn("{}", note);
  try {
    if (std::holds_alternative<frpx::config::serve>(run.command)) return serve(run.options, stops);
    pthread_sigmask(SIG_UNBLOCK, &stops, nullptr);
    return frpx::keeper::run_command(run);
  } catch (const frpx::keeper::start_error& error) {
    frpx::log::error("{}", error.what());
    return error.exit_code();
  } catch (const std::exception& error) {
    frpx::log::error("{}", error.what());
    return 1;
  }
}
