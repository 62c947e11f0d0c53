#include "server/ask_server.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <boost/json/array.hpp>

#include <csignal>
#include <cstdio>
#include <span>
#include <thread>

#include "server/api_client.hpp"
#include "server/monitor.hpp"

namespace frpx::server {
namespace {

using identity::form;
using identity::outcome;

constexpr auto redraw_every = std::chrono::seconds(1);
constexpr std::size_t usual_rows = 24;

template <class What>
outcome shown_as(form as, const What& what) {
  return {0, as == form::json ? as_json(what) : as_lines(what), {}};
}

outcome show_clients(const api_client& api, form as) {
  const auto listed = api.get("/api/clients");
  if (!listed) return identity::refused(as, api.explain(listed.error()));
  const auto clients = read_clients(*listed);
  if (!clients) return identity::refused(as, api.explain(clients.error()));
  return shown_as<std::span<const monitored_client>>(as, *clients);
}

result<server_status> ask_status(const api_client& api) {
  boost::json::array parts;
  for (const char* path : {"/api/health", "/api/ports", "/api/stats", "/api/clients"}) {
    auto part = api.get(path);
    if (!part) return part.error();
    parts.push_back(std::move(*part));
  }
  return read_status(parts[0], parts[1], parts[2], parts[3]);
}

outcome show_status(const api_client& api, form as) {
  const auto now = ask_status(api);
  if (!now) return identity::refused(as, api.explain(now.error()));
  return shown_as(as, *now);
}

std::size_t rows_of_terminal() {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row != 0 ? size.ws_row
                                                                            : usual_rows;
}

// Nothing has to be put right, wherever the signal comes.
extern "C" void end_watch(int) {
  ::_exit(0);
}

// Shows the clients again and again. A server that goes away meanwhile is told and waited for; one
// that cannot be asked in the first place is the answer.
outcome watch_clients(const api_client& api, form as) {
  outcome now = show_clients(api, as);
  if (now.code != 0) return now;
  std::signal(SIGINT, end_watch);
  std::signal(SIGTERM, end_watch);
  const bool draws = as == form::lines && ::isatty(STDOUT_FILENO) == 1;
  for (;;) {
    if (draws) now = {now.code, redrawn(now.out + now.err, rows_of_terminal()), {}};
    std::fputs(now.out.c_str(), stdout);
    std::fputs(now.err.c_str(), stderr);
    if (std::fflush(stdout) != 0) return {1, {}, {}};  // who read it has gone
    std::this_thread::sleep_for(redraw_every);
    now = show_clients(api, as);
  }
}

}  // namespace

std::optional<outcome> ask_server(const config::frps_options& options,
                                  const config::frps_command& command, form as) {
  if (const auto* wish = std::get_if<config::monitor>(&command)) {
    const api_client api(options);
    return wish->watch ? watch_clients(api, as) : show_clients(api, as);
  }
  if (std::holds_alternative<config::status>(command)) {
    return show_status(api_client(options), as);
  }
  return std::nullopt;
}

}  // namespace frpx::server
