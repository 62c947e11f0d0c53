// frps: the public server.
#include <sodium.h>

#include <csignal>
#include <cstdio>

#include "config/command_line.hpp"
#include "core/log.hpp"
#include "server/commands.hpp"
#include "server/server.hpp"

namespace {

// Signals are taken by sigwait alone, so every thread must have them blocked: called first.
sigset_t block_signals() {
  sigset_t taken;
  sigemptyset(&taken);
  sigaddset(&taken, SIGTERM);
  sigaddset(&taken, SIGINT);
  sigaddset(&taken, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &taken, nullptr);
  return taken;
}

// Reads the same sources again.
frpx::server::option_reader reader_of(std::vector<std::string> arguments,
                                      frpx::config::environment env) {
  return [arguments = std::move(arguments),
          env = std::move(env)]() -> std::variant<frpx::config::frps_options, std::string> {
    auto read = frpx::config::read_frps(arguments, env, {});
    if (auto* run = std::get_if<frpx::config::frps_run>(&read)) return std::move(run->options);
    std::string why = std::get<frpx::config::finish>(read).to_stderr;
    return why.substr(0, why.find('\n'));
  };
}

int serve(const frpx::config::frps_options& options, const sigset_t& taken,
          frpx::server::option_reader read_again) {
  frpx::server::server server(options, std::move(read_again));
  int signal = 0;
  while (sigwait(&taken, &signal) == 0 && signal == SIGHUP) server.reload();
  pthread_sigmask(SIG_UNBLOCK, &taken, nullptr);  // a second one ends the program at once
  server.stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const sigset_t taken = block_signals();
  if (sodium_init() < 0) {
    std::fputs("frps: libsodium cannot be used on this machine\n", stderr);
    return 1;
  }
  const auto env = frpx::config::environment::of_this_process();
  const auto read = frpx::config::read_frps(frpx::config::arguments_of(argc, argv), env, {});
  if (const auto* end = std::get_if<frpx::config::finish>(&read)) {
    std::fputs(end->to_stdout.c_str(), stdout);
    std::fputs(end->to_stderr.c_str(), stderr);
    return end->exit_code;
  }
  const auto& run = std::get<frpx::config::frps_run>(read);
  frpx::log::start(run.options.log_level, run.options.log_format);
  for (const auto& note : run.notes) frpx::log::warn("{}", note);
  try {
    if (std::holds_alternative<frpx::config::serve>(run.command)) {
      return serve(run.options, taken, reader_of(frpx::config::arguments_of(argc, argv), env));
    }
    pthread_sigmask(SIG_UNBLOCK, &taken, nullptr);
    return frpx::server::run_command(run, env);
  } catch (const std::exception& error) {
    frpx::log::error("{}", error.what());
    return 1;
  }
}
