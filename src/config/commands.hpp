// What `frps` may be asked to do besides serving, as the command line says it.
#pragma once

#include <string>
#include <variant>

namespace frpx::config {

/// Serve until a signal.
struct serve {};

/// `frps --monitor`: print the running server's clients; with `watch` anew each second.
struct monitor {
  bool watch = false;
};

/// `frps status`: print what is up in the running server.
struct status {};

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
using frps_command = std::variant<serve, monitor, status, user_add, user_list, user_remove,
                                  user_passwd, key_add, key_list, key_revoke>;

}  // namespace frpx::config
