#include "server/commands.hpp"

#include <cstdio>

#include "config/terminal.hpp"
#include "core/log.hpp"
#include "core/moment.hpp"
#include "core/words.hpp"
#include "identity/commands.hpp"
#include "keeper/lease_commands.hpp"
#include "ports/ranges.hpp"
#include "server/ask_server.hpp"
#include "server/command_audit.hpp"
#include "server/server.hpp"
#include "server/start_store.hpp"

namespace frpx::server {
namespace {

struct executor {
  store::store& in;
  const config::environment& env;
  identity::form as;
  const std::string& database;

  // Neither is for the store: run_command() knows better.
  identity::outcome operator()(const config::serve&) const { return {}; }
  identity::outcome operator()(const config::monitor&) const { return {}; }
  identity::outcome operator()(const config::status&) const { return {}; }
  identity::outcome operator()(const config::user_add& wish) const {
    return with_ports(wish.ports, [&](const std::string& ports) {
      return with_password([&](const secret& password) {
        return identity::user_add(in, wish.email, password, role_of(wish.role), as,
                                  wall_clock::now(), ports);
      });
    });
  }
  identity::outcome operator()(const config::user_passwd& wish) const {
    return with_password([&](const secret& password) {
      return identity::user_passwd(in, wish.email, password, as);
    });
  }
  identity::outcome operator()(const config::user_list&) const {
    return identity::user_list(in, as);
  }
  identity::outcome operator()(const config::user_remove& wish) const {
    return identity::user_remove(in, wish.email, as);
  }
  identity::outcome operator()(const config::user_role& wish) const {
    return identity::user_role(in, wish.email, role_of(wish.role), as);
  }
  identity::outcome operator()(const config::user_ports& wish) const {
    return with_ports(wish.ports, [&](const std::string& ports) {
      return identity::user_ports(in, wish.email, ports, as);
    });
  }
  identity::outcome operator()(const config::user_leases& wish) const {
    return identity::user_leases(in, wish.email, parse_number<std::uint32_t>(wish.most), as);
  }
  identity::outcome operator()(const config::key_add& wish) const {
    const config::key_limits& given = wish.limits;
    return identity::key_add(in, wish.name, wish.owner, wish.life, as, wall_clock::now(),
                             {.per_minute = given.per_minute.value_or(0),
                              .at_once = given.at_once.value_or(0),
                              .models = given.models.value_or(std::vector<std::string>()),
                              .clients = given.clients.value_or(std::vector<std::string>())});
  }
  identity::outcome operator()(const config::key_set& wish) const {
    const config::key_limits& given = wish.limits;
    return identity::key_set(in, wish.id_or_name, wish.life, as, wall_clock::now(),
                             {.per_minute = given.per_minute,
                              .at_once = given.at_once,
                              .models = given.models,
                              .clients = given.clients});
  }
  identity::outcome operator()(const config::key_list&) const { return identity::key_list(in, as); }
  identity::outcome operator()(const config::key_revoke& wish) const {
    return identity::key_revoke(in, wish.id_or_name, as);
  }

  identity::outcome operator()(const config::key_migrate&) const {
    return identity::key_migrate(in, as);
  }
  identity::outcome operator()(const config::token_list&) const {
    return identity::token_list(in, as);
  }
  identity::outcome operator()(const config::token_revoke& wish) const {
    return identity::token_revoke(in, wish.id, as);
  }
  identity::outcome operator()(const config::client_list&) const {
    return identity::client_list(in, as);
  }
  identity::outcome operator()(const config::client_forget& wish) const {
    return identity::client_forget(in, wish.client_id, as);
  }
  identity::outcome operator()(const config::usage& wish) const {
    // The command line lets nothing else through.
    const wall_time now = wall_clock::now();
    return identity::usage_list(in, store::parse_usage_by(wish.by).value_or(store::usage_by::key),
                                parse_moment(wish.from, now).value_or(now),
                                parse_moment(wish.to, now).value_or(now), as);
  }
  identity::outcome operator()(const config::db_status&) const {
    return identity::db_status(in, as);
  }
  // Opening has done it.
  identity::outcome operator()(const config::db_migrate&) const {
    return identity::db_status(in, as);
  }

  identity::outcome operator()(const config::lease_list&) const {
    return with_leases([](const keeper::lease_commands& leases) { return leases.list(); });
  }
  identity::outcome operator()(const config::lease_release& wish) const {
    return with_leases(
        [&](const keeper::lease_commands& leases) { return leases.release(wish.proxy); });
  }

  template <class Verb>
  identity::outcome with_leases(Verb verb) const {
    const auto store = ports::open_leases(database);
    if (!store) return {1, {}, store.error().text + "\n"};
    const auto said = verb(keeper::lease_commands(**store, as == identity::form::json));
    return {said.code, said.out, said.err.empty() ? "" : "frps: " + said.err + "\n"};
  }

  // The command line lets no other words through.
  static store::role role_of(const std::string& word) {
    return store::parse_role(word).value_or(store::role::client);
  }

  // Calls `verb` with the ports as they are kept.
  template <class Verb>
  identity::outcome with_ports(const std::string& given, Verb verb) const {
    std::string problem;
    const auto kept = ports::kept_form(given, problem);
    return kept ? verb(*kept) : identity::refused(as, "ports: " + problem);
  }

  template <class Verb>
  identity::outcome with_password(Verb verb) const {
    const auto password = config::new_password(env);
    if (!password) return {1, {}, password.error().message() + "\n"};
    return verb(*password);
  }
};

// A key that is printed this once and was lost on a full disk is no success.
int print(const identity::outcome& done) {
  std::fputs(done.err.c_str(), stderr);
  if (std::fputs(done.out.c_str(), stdout) >= 0 && std::fflush(stdout) == 0) return done.code;
  std::perror("frps: it is done, but what it says cannot be written");
  return 1;
}

}  // namespace

int run_command(const config::frps_run& run, const config::environment& env) {
  const auto as = run.json ? identity::form::json : identity::form::lines;
  if (const auto said = ask_server(run.options, run.command, as)) return print(*said);
  const bool only_looks = std::holds_alternative<config::db_status>(run.command);
  const auto store = start_store(run.options, only_looks ? store_use::look : store_use::command);
  const auto before = store->change_count();
  const auto done = std::visit(executor{*store, env, as, database_of(run.options)}, run.command);
  if (const auto row = audit_row_of(run.command, wall_clock::now()); row && done.code == 0) {
    if (const auto noted = store->add_audit(*row); !noted) {
      log::warn("the audit log does not have this: {}", noted.error().message());
    }
  }
  const auto after = store->change_count();
  if (!before || !after || *before != *after) {
    // Running servers hear of it sooner than by themselves; if not, they still do within a second.
    if (const auto cache = start_cache(run.options, *store)) (void)cache->announce();
  }
  return print(done);
}

}  // namespace frpx::server
