#include "server/commands.hpp"

#include <cstdio>

#include "config/terminal.hpp"
#include "identity/commands.hpp"
#include "server/server.hpp"
#include "server/start_store.hpp"

namespace frpx::server {
namespace {

struct executor {
  store::store& in;
  const config::environment& env;
  identity::form as;

  identity::outcome operator()(const config::serve&) const { return {}; }
  identity::outcome operator()(const config::user_add& wish) const {
    return with_password([&](const secret& password) {
      return identity::user_add(in, wish.email, password, store::role::client, as,
                                wall_clock::now());
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
  identity::outcome operator()(const config::key_add& wish) const {
    return identity::key_add(in, wish.name, {}, std::nullopt, as, wall_clock::now());
  }
  identity::outcome operator()(const config::key_list&) const { return identity::key_list(in, as); }
  identity::outcome operator()(const config::key_revoke& wish) const {
    return identity::key_revoke(in, wish.id_or_name, as);
  }

  template <class Verb>
  identity::outcome with_password(Verb verb) const {
    const auto password = config::new_password(env);
    if (!password) return {1, {}, password.error().message() + "\n"};
    return verb(*password);
  }
};

}  // namespace

int run_command(const config::frps_run& run, const config::environment& env) {
  const auto store = start_store(run.options);
  const auto as = run.json ? identity::form::json : identity::form::lines;
  const auto done = std::visit(executor{*store, env, as}, run.command);
  std::fputs(done.out.c_str(), stdout);
  std::fputs(done.err.c_str(), stderr);
  return done.code;
}

}  // namespace frpx::server
