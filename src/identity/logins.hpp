// Who may bring a client in: by password, or by token.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/ip/address.hpp>

#include "core/clock.hpp"
#include "core/hex.hpp"
#include "core/result.hpp"
#include "core/secret.hpp"
#include "identity/errors.hpp"
#include "identity/token_signer.hpp"
#include "identity/try_limit.hpp"
#include "store/store.hpp"

namespace frpx::identity {

/// Outer ports that a user's services may have, and how many: as in store::user.
struct port_allowance {
  std::string ports;
  std::optional<std::uint32_t> most;
};

/// Who came in.
struct account {
  std::string user_id;
  std::string email;
  store::role role = store::role::client;
  std::string token_id;     ///< Of the token that was used; empty after a password or a key.
  wall_time token_expires;  ///< Of the same.
  std::string key_id;       ///< Of the API key that was used as a token; mostly empty.
  port_allowance ports;
  std::optional<digest> password_mark = {};  ///< After a password: password_mark() of its user.
};

/// Differs once the user has another password.
digest password_mark(const store::user& of);

struct issued_token {
  secret text;
  std::string id;
  wall_time expires;
};

struct login_options {
  std::chrono::seconds token_life{std::chrono::hours(24 * 30)};
  bool keys_are_tokens = false;  ///< An active API key lets a client in as well.
  try_limit_options tries;
};

/// An e-mail address in the form in which it is kept and compared: ASCII letters in lower case.
std::string normal_email(std::string_view email);

/// Checks passwords and tokens against the store, and hands out tokens.
///
/// Everything but wait_before() and renewal_due() blocks: call it from the pool, and passwords one
/// at a time, for each takes 19 MiB. A wrong password, an unknown user and a user who is taken away
/// meanwhile have one same outcome that takes the same time. Any thread may call; `store` outlives
/// the object. Errors besides those named: the store's, which say nothing about the credentials.
class logins {
 public:
  logins(store::store& store, token_signer signer, const login_options& options = {});

  /// How long a password from there for that account would be refused without being looked at;
  /// zero: it would be checked. Does not block: a worker may ask before it queues the work.
  steady_time::duration wait_before(std::string_view email, const boost::asio::ip::address& from,
                                    steady_time now) const;

  /// Errors: wrong_credentials, throttled.
  result<account> login(std::string_view email, const secret& password,
                        const boost::asio::ip::address& from, steady_time now);

  /// Notes the token's use. With `keys_are_tokens` an API key will do: who has one without an owner
  /// comes in without a user. Error: invalid_token.
  result<account> login_by_token(const secret& token, wall_time now);

  /// Makes a token and its row for a user who logged in, unless the password was changed or the
  /// token revoked since. It belongs to no client yet: see bind_token(). Error: invalid_token.
  result<issued_token> issue_token(const account& who, wall_time now);

  /// The outer ports that the user may have now, and how many. Error: store::errc::not_found.
  result<port_allowance> ports_of(std::string_view user_id);

  /// Notes which client uses the token.
  result<void> bind_token(std::string_view token_id, std::string_view client_id);

  /// A client of that user's wants the id, which is the user's from now on if it was nobody's yet.
  /// Without a user (a key of nobody) only what is nobody's is given, and stays so. Error:
  /// client_of_another.
  result<void> claim_client(const std::string& client_id, const std::string& user_id,
                            wall_time now);

  /// Whether less than half of a token's life is left.
  bool renewal_due(wall_time expires, wall_time now) const;

 private:
  result<account> judge_password(const std::string& email, const secret& password);
  result<account> judge_key(const secret& key);
  result<void> still_holds(const account& who);
  void note_use(const store::token& row, wall_time now);

  store::store& store_;
  const token_signer signer_;
  const login_options options_;
  mutable std::mutex mutex_;  // guards tries_
  try_limit tries_;
};

}  // namespace frpx::identity
