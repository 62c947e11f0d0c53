// What the servers may be asked to do besides serving, as the command line says it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace frpx::config {

/// Serve until a signal.
struct serve {};

/// `frps --monitor`: print the running server's clients; with `watch` anew each second.
struct monitor {
  bool watch = false;
};

/// `frps status`: print what is up in the running server.
struct status {};

/// `frps user add|list|remove|passwd|role|ports|leases`. The password is asked for (terminal.hpp),
/// never an argument.
struct user_add {
  std::string email;
  std::string role = "client";  ///< `client`, `viewer` or `admin`.
  std::string ports = "any";    ///< Outer ports, as in `9000-9099,10022`; or `any`.
};
struct user_list {};
struct user_remove {
  std::string email;
};
struct user_passwd {
  std::string email;
};

struct user_role {
  std::string email;
  std::string role;
};
struct user_ports {
  std::string email;
  std::string ports;
};
struct user_leases {
  std::string email;
  std::string most;  ///< A number, 0 for any, or `default`.
};

/// What is said of a key's limits; what is not given stays as it is. 0 and the empty list mean that
/// there is no limit.
struct key_limits {
  std::optional<std::uint32_t> per_minute;
  std::optional<std::uint32_t> at_once;
  std::optional<std::vector<std::string>> models;
  std::optional<std::vector<std::string>> clients;
};

/// `frps key add|set|list|revoke|migrate`.
struct key_add {
  std::string name;
  std::string owner;  ///< A user's e-mail address, or empty.
  std::optional<std::chrono::seconds> life;
  key_limits limits;
};
struct key_set {
  std::string id_or_name;
  std::optional<std::chrono::seconds> life;  ///< From now on; 0: for ever.
  key_limits limits;
};
struct key_list {};
struct key_revoke {
  std::string id_or_name;
};

struct key_migrate {};

/// `frps token list|revoke`.
struct token_list {};
struct token_revoke {
  std::string id;
};

/// `frps client list|forget`.
struct client_list {};
struct client_forget {
  std::string client_id;
};

/// `frps usage`. Times as parse_moment() takes them.
struct usage {
  std::string by = "key";  ///< `key`, `client` or `model`.
  std::string from = "30d";
  std::string to = "0";
};

/// `frps db status|migrate`.
struct db_status {};
struct db_migrate {};

/// `frps lease list|release`, `frp-port-keeper lease list|release`.
struct lease_list {};
struct lease_release {
  std::string proxy;  ///< Whose: of a service, `account/name`.
};

/// What to do. `json` beside it says in which form to answer.
using frps_command =
    std::variant<serve, monitor, status, user_add, user_list, user_remove, user_passwd, user_role,
                 user_ports, user_leases, key_add, key_set, key_list, key_revoke, key_migrate,
                 token_list, token_revoke, client_list, client_forget, usage, db_status, db_migrate,
                 lease_list, lease_release>;

/// `frpc validate`, which the command line does itself, and `frpc reload`, which asks the running
/// client; `frpc status` is `status`.
struct reload {};

using frpc_command = std::variant<serve, status, reload>;

/// `frp-port-keeper lease import|export`. A format is `json` or `gokv`.
struct lease_import {
  std::string path;
  std::string format;
};
struct lease_export {
  std::string path;  ///< Empty: standard output.
  std::string format;
};

using keeper_command = std::variant<serve, lease_list, lease_release, lease_import, lease_export>;

}  // namespace frpx::config
