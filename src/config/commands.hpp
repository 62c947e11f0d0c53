// What the servers may be asked to do besides serving, as the command line says it.
#pragma once

#include <string>
#include <variant>

namespace frpx::config {

/// Serve until a signal.
struct serve {};

/// `frps user add|list|remove|passwd`. The password is asked for (terminal.hpp), never an argument.
struct user_add {
  std::string email;
};
struct user_list {};
struct user_remove {
  std::string email;
};
struct user_passwd {
  std::string email;
};

/// `frps key add|list|revoke`.
struct key_add {
  std::string name;
};
struct key_list {};
struct key_revoke {
  std::string id_or_name;
};

/// What to do. `json` beside it says in which form to answer.
using frps_command = std::variant<serve, user_add, user_list, user_remove, user_passwd, key_add,
                                  key_list, key_revoke>;

/// `frp-port-keeper lease list|release|import|export`. A format is `json` or `gokv`.
struct lease_list {};
struct lease_release {
  std::string proxy;
};
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
