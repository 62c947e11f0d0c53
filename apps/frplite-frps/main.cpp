// frplite-frps: a proxylite server from an INI file, for who runs frplite.
#include <frpx/server.hpp>

#include <csignal>
#include <cstdio>

#include "config/ini.hpp"
#include "core/names.hpp"
#include "ports/ranges.hpp"

namespace {

using frpx::config::ini_file;
using frpx::config::ini_section;

constexpr std::uint16_t usual_port = 7000;
constexpr frpx::port_range usual_ports{40000, 50000};
constexpr std::string_view known_keys[] = {"bind_addr",       "bind_port",   "token",
                                           "proxy_bind_addr", "allow_ports", "log_level"};

void log_line(frpx::log_level, std::string_view line) {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
}

// Names the keys of the file that have no effect here, so that their author knows.
void name_what_is_ignored(const ini_file& file) {
  for (const ini_section& each : file.sections) {
    if (each.name != "common") {
      log_line(frpx::log_level::warning,
               "[" + frpx::shown(each.name) + "] is ignored: only [common] is known here");
      continue;
    }
    for (const std::string& key : each.keys_beside(known_keys)) {
      log_line(frpx::log_level::warning, "[common]: " + frpx::shown(key) + " is ignored");
    }
  }
}

// The ports that the file gives, as frp writes them; nothing when that is none of its forms.
std::optional<std::vector<frpx::port_range>> ports_of(const ini_section& common,
                                                      std::string& problem) {
  const std::string* const text = common.find("allow_ports");
  if (text == nullptr || text->empty()) return std::vector{usual_ports};
  const auto read = frpx::ports::ranges::parse(*text, problem);
  if (!read) return std::nullopt;
  std::vector<frpx::port_range> ports;
  for (const auto& each : read->list()) ports.push_back({each.first, each.last});
  return ports;
}

// Which lines are told; nothing for a word that is no level.
std::optional<frpx::log_level> level_of(const ini_section& common) {
  const std::string word = common.text("log_level", "info");
  if (word == "trace" || word == "debug") return frpx::log_level::debug;
  if (word == "info") return frpx::log_level::info;
  if (word == "warn") return frpx::log_level::warning;
  if (word == "error") return frpx::log_level::error;
  return std::nullopt;
}

int fail(int code, const std::string& why) {
  std::fprintf(stderr, "frplite-frps: %s\n", why.c_str());
  return code;
}

// Without a token the wire asks nobody who he is: then it is this machine's alone.
int serve(const ini_section& common, std::uint16_t port, std::vector<frpx::port_range> ports,
          frpx::log_level lowest, const sigset_t& stops) {
  const std::string token = common.text("token", "");
  const std::string host = common.text("bind_addr", token.empty() ? "127.0.0.1" : "");
  frpx::server_options options;
  options.token = token;
  options.outer_address = common.text("proxy_bind_addr", "");
  frpx::tunnel_server server(std::move(ports), options);
  server.set_logger([lowest](frpx::log_level at, std::string_view line) {
    if (at >= lowest) log_line(at, line);
  });
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
  auto ports = ports_of(common, problem);
  if (!ports) return fail(2, "allow_ports: " + problem);
  const auto level = level_of(common);
  if (!level) return fail(2, "log_level is none of trace, debug, info, warn and error");
  name_what_is_ignored(*file);
  return serve(common, *port, std::move(*ports), *level, stops);
}
