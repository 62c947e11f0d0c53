// frplite-frpc: registers the services of an INI file with a proxylite server, for who runs
// frplite.
#include <frpx/client.hpp>

#include <csignal>
#include <cstdio>
#include <ctime>

#include "config/ini.hpp"
#include "core/names.hpp"

namespace {

using frpx::config::ini_file;
using frpx::config::ini_section;

constexpr std::uint16_t usual_server_port = 7000;
constexpr timespec between_tries{1, 0};
constexpr std::string_view keys_of_common[] = {"server_addr", "server_port", "token"};
constexpr std::string_view keys_of_service[] = {"type", "local_ip", "local_port", "remote_port"};

void log_line(frpx::log_level, std::string_view line) {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
}

int fail(int code, const std::string& why) {
  std::fprintf(stderr, "frplite-frpc: %s\n", why.c_str());
  return code;
}

/// A section of the file, and what became of it.
struct exposed {
  frpx::register_info info;
  std::optional<frpx::register_entry> entry;
  std::string said;  // what went wrong last, which is said once
};

// Nothing when a section is not one that can be served; `problem` says which.
std::optional<std::vector<exposed>> services_of(const ini_file& file, std::string& problem) {
  std::vector<exposed> found;
  for (const ini_section& each : file.sections) {
    if (each.name == "common") continue;
    const auto local = each.port("local_port", 0);
    const auto remote = each.port("remote_port", 0);
    const std::string type = each.text("type", "tcp");
    if (type != "tcp") {
      problem = "[" + each.name + "]: type " + type + " is not served, tcp is";
    } else if (!local || *local == 0 || !remote || *remote == 0) {
      problem = "[" + each.name + "]: local_port and remote_port must be ports";
    } else {
      const std::string inner = each.text("local_ip", "127.0.0.1") + ":" + std::to_string(*local);
      found.push_back({{*remote, inner, each.name, each.name}, std::nullopt, ""});
      continue;
    }
    return std::nullopt;
  }
  return found;
}

// Names the keys of the file that have no effect here, so that their author knows.
void name_what_is_ignored(const ini_file& file) {
  for (const ini_section& each : file.sections) {
    const auto others = each.name == "common" ? each.keys_beside(keys_of_common)
                                              : each.keys_beside(keys_of_service);
    for (const std::string& key : others) {
      log_line(frpx::log_level::warning,
               "[" + frpx::shown(each.name) + "]: " + frpx::shown(key) + " is ignored");
    }
  }
}

void try_to_register(frpx::tunnel_client& client, exposed& service) {
  auto made = client.register_service(service.info);
  const std::string now =
      made ? "is open on port " + std::to_string(service.info.outer_port) : made.error().message();
  if (now != service.said) {
    log_line(frpx::log_level::info, "[" + service.info.name + "] " + now);
  }
  service.said = now;
  if (made) service.entry = *made;
}

// A tunnel that ends is registered again by the client, one that never was by this loop.
int serve(frpx::tunnel_client& client, std::vector<exposed> services, const sigset_t& stops) {
  for (;;) {
    for (exposed& each : services) {
      if (!each.entry) try_to_register(client, each);
    }
    if (sigtimedwait(&stops, nullptr, &between_tries) > 0) return 0;
  }
}

}  // namespace

int main(int count, char** arguments) {
  sigset_t stops;
  sigemptyset(&stops);
  sigaddset(&stops, SIGTERM);
  sigaddset(&stops, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stops, nullptr);
  const bool has_file = count == 3 && std::string_view(arguments[1]) == "-c";
  if (count != 1 && !has_file) return fail(2, "usage: frplite-frpc [-c frpc.ini]");
  std::string problem;
  const auto file = ini_file::read(has_file ? arguments[2] : "./frpc.ini", problem);
  if (!file) return fail(2, problem);
  const ini_section& common = file->section("common");
  const auto port = common.port("server_port", usual_server_port);
  if (!port) return fail(2, "server_port is not a port");
  auto services = services_of(*file, problem);
  if (!services) return fail(2, problem);
  name_what_is_ignored(*file);

  frpx::client_options options;
  options.token = common.text("token", "");
  options.reconnect = true;
  frpx::tunnel_client client(common.text("server_addr", "127.0.0.1") + ":" + std::to_string(*port),
                             options);
  client.set_logger(log_line);
  return serve(client, std::move(*services), stops);
}
