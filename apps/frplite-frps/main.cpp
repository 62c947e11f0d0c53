// frplite-frps: a proxylite server from an INI file, for who runs frplite.
#include <frpx/server.hpp>

#include <csignal>
#include <cstdio>

#include "config/ini.hpp"

namespace {

using frpx::config::ini_file;
using frpx::config::ini_section;

constexpr std::uint16_t usual_port = 7000;
constexpr frpx::port_range usual_ports{40000, 50000};

void log_line(frpx::log_level, std::string_view line) {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
}

int fail(int code, const std::string& why) {
  std::fprintf(stderr, "frplite-frps: %s\n", why.c_str());
  return code;
}

// Without a token the wire asks nobody who he is: then it is this machine's alone.
int serve(const ini_section& common, std::uint16_t port, const sigset_t& stops) {
  const std::string token = common.text("token", "");
  const std::string host = common.text("bind_addr", token.empty() ? "127.0.0.1" : "");
  frpx::server_options options;
  options.token = token;
  frpx::tunnel_server server({usual_ports}, options);
  server.set_logger(log_line);
  if (token.empty() && common.find("bind_addr") == nullptr) {
    log_line(
        frpx::log_level::warning,
        "listening on this machine alone; with a token, or a bind_addr, in [common] it listens "
        "elsewhere");
  }
  if (const auto started = server.start(host + ":" + std::to_string(port)); !started) {
    return fail(1, started.error().message());
  }
  int signal = 0;
  sigwait(&stops, &signal);
  server.stop();
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  sigset_t stops;
  sigemptyset(&stops);
  sigaddset(&stops, SIGTERM);
  sigaddset(&stops, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stops, nullptr);
  const bool has_file = count == 3 && std::string_view(arguments[1]) == "-c";
  if (count != 1 && !has_file) return fail(2, "usage: frplite-frps [-c frps.ini]");
  std::string problem;
  const auto file = ini_file::read(has_file ? arguments[2] : "./frps.ini", problem);
  if (!file) return fail(2, problem);
  const ini_section& common = file->section("common");
  const auto port = common.port("bind_port", usual_port);
  if (!port) return fail(2, "bind_port is not a port");
  return serve(common, *port, stops);
}
