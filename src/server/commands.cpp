#include "server/commands.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <thread>

#include "config/terminal.hpp"
#include "identity/commands.hpp"
#include "server/api_client.hpp"
#include "server/monitor.hpp"
#include "server/server.hpp"
#include "server/start_store.hpp"

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

struct executor {
  const config::frps_options& options;
  const config::environment& env;
  form as;

  outcome operator()(const config::serve&) const { return {}; }
  outcome operator()(const config::monitor& wish) const {
    const api_client api(options);
    return wish.watch ? watch_clients(api, as) : show_clients(api, as);
  }
  outcome operator()(const config::status&) const { return show_status(api_client(options), as); }

  outcome operator()(const config::user_add& wish) const {
    return with_password([&](store::store& in, const secret& password) {
      return identity::user_add(in, wish.email, password, store::role::client, as,
                                wall_clock::now());
    });
  }
  outcome operator()(const config::user_passwd& wish) const {
    return with_password([&](store::store& in, const secret& password) {
      return identity::user_passwd(in, wish.email, password, as);
    });
  }
  outcome operator()(const config::user_list&) const {
    return identity::user_list(*open_store(), as);
  }
  outcome operator()(const config::user_remove& wish) const {
    return identity::user_remove(*open_store(), wish.email, as);
  }
  outcome operator()(const config::key_add& wish) const {
    return identity::key_add(*open_store(), wish.name, {}, std::nullopt, as, wall_clock::now());
  }
  outcome operator()(const config::key_list&) const {
    return identity::key_list(*open_store(), as);
  }
  outcome operator()(const config::key_revoke& wish) const {
    return identity::key_revoke(*open_store(), wish.id_or_name, as);
  }

  std::unique_ptr<store::store> open_store() const { return start_store(options); }

  template <class Verb>
  outcome with_password(Verb verb) const {
    const auto in = open_store();
    const auto password = config::new_password(env);
    if (!password) return {1, {}, password.error().message() + "\n"};
    return verb(*in, *password);
  }
};

}  // namespace

int run_command(const config::frps_run& run, const config::environment& env) {
  const auto as = run.json ? form::json : form::lines;
  const auto done = std::visit(executor{run.options, env, as}, run.command);
  std::fputs(done.out.c_str(), stdout);
  std::fputs(done.err.c_str(), stderr);
  return done.code;
}

}  // namespace frpx::server
