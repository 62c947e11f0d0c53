// Operators who logged in.
#pragma once

#include <chrono>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
  /// For so long a user who only looks is believed to be what he was.
  static constexpr std::chrono::seconds believed{2};

  class follower;
  struct login {
    operator_user who;
    wall_time expires;
    steady_time confirmed;           ///< When the store was last asked who it is.
    std::list<follower*> followers;  ///< Told when it ends.
  };

  /// What lasts no longer than a login: an answer that goes on and on. It may go before.
  class follower {
   public:
    follower(const follower&) = delete;
    follower& operator=(const follower&) = delete;

   protected:
    /// Null: there is no login to follow.
    explicit follower(login* of);
    ~follower();
    /// Called once, from inside the book: neither this nor another follower may go in it.
    virtual void login_ended() = 0;

   private:
    friend login_book;
    login* of_;
    std::list<follower*>::iterator place_;
  };

  struct issued {
    secret token;
    wall_time expires;
  };

  issued add(operator_user who, wall_time now, steady_time steady_now);
  /// Null: there is none, or it has expired. Valid until the next call.
  login* find(std::string_view token, wall_time now) { return find(sha256(token), now); }
  login* find(const digest& token, wall_time now);
  /// False: there was none.
  bool remove(std::string_view token) { return remove(sha256(token)); }
  bool remove(const digest& token);
  /// Ends those whose time is over, which `find` does for the one that is looked for.
  void expire(wall_time now);
  /// A user was changed: nobody is believed any more until the store was asked.
  void doubt();
  /// Those that have followers.
  std::vector<digest> followed() const;

  std::size_t size() const { return logins_.size(); }

 private:
  void end(std::map<digest, login>::iterator which);

  std::map<digest, login> logins_;  // by the token's digest
};

}  // namespace frpx::api
