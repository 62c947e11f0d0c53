// Operators who logged in.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/hex.hpp"
#include "core/secret.hpp"
#include "store/rows.hpp"

namespace frpx::api {

/// A user, as one who may operate the server.
struct operator_user {
  std::string email;
  store::role role = store::role::client;
  digest mark{};  ///< Another one once the password has changed.
};

/// The tokens that `POST /api/session` gave, each with the user whose it is. They live in memory
/// alone, by their digests, until they expire, are given up, or the server ends; their number is
/// bounded, and the one that expires first gives way.
///
/// Home worker; time is a parameter.
class login_book {
 public:
  static constexpr std::size_t most = 1024;
  static constexpr std::chrono::hours life{12};
  /// For so long a user is believed to be what he was.
  static constexpr std::chrono::seconds believed{2};

  struct login {
    operator_user who;
    wall_time expires;
    steady_time confirmed;  ///< When the store was last asked who it is.
  };
  struct issued {
    secret token;
    wall_time expires;
  };

  issued add(operator_user who, wall_time now, steady_time steady_now);
  /// Null: there is none, or it has expired. Valid until the next call.
  login* find(std::string_view token, wall_time now);
  /// False: there was none.
  bool remove(std::string_view token);

  std::size_t size() const { return logins_.size(); }

 private:
  std::map<digest, login> logins_;  // by the token's digest
};

}  // namespace frpx::api
