#include "server/command_audit.hpp"

#include <unistd.h>

#include <string>

namespace frpx::server {
namespace {

struct change {
  std::string_view action;  // as the API calls it
  std::string what;
};

struct change_of {
  using result = std::optional<change>;

  result operator()(const config::user_add& by) const { return change{"make user", by.email}; }
  result operator()(const config::user_remove& by) const { return change{"remove user", by.email}; }
  result operator()(const config::user_passwd& by) const {
    return change{"change the password of user", by.email};
  }
  result operator()(const config::user_role& by) const {
    return change{"change the role of user", by.email};
  }
  result operator()(const config::user_ports& by) const {
    return change{"change the ports of user", by.email};
  }
  result operator()(const config::user_leases& by) const {
    return change{"change the leases of user", by.email};
  }
  result operator()(const config::key_add& by) const { return change{"make key", by.name}; }
  result operator()(const config::key_set& by) const { return change{"change key", by.id_or_name}; }
  result operator()(const config::key_revoke& by) const {
    return change{"revoke key", by.id_or_name};
  }
  result operator()(const config::key_migrate&) const { return change{"hash plain keys", {}}; }
  result operator()(const config::token_revoke& by) const { return change{"revoke token", by.id}; }
  result operator()(const config::client_forget& by) const {
    return change{"forget client", by.client_id};
  }
  result operator()(const config::lease_release& by) const {
    return change{"release lease", by.proxy};
  }
  template <class Look>
  result operator()(const Look&) const {
    return std::nullopt;
  }
};

}  // namespace

std::optional<store::audit_row> audit_row_of(const config::frps_command& command, wall_time now) {
  const auto made = std::visit(change_of(), command);
  if (!made) return std::nullopt;
  return store::audit_row{.at = now,
                          .who = std::string(command_line_author),
                          .from = "uid " + std::to_string(::getuid()),
                          .action = std::string(made->action),
                          .what = made->what,
                          .outcome = "done"};
}

}  // namespace frpx::server
