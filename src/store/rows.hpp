// What lasts: the rows, as every backend keeps them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/hex.hpp"

namespace frpx::store {

/// What a user may do: bring clients in, look at everything, or change it as well.
enum class role { client, viewer, admin };

std::string_view to_string(role value);
std::optional<role> parse_role(std::string_view text);

enum class key_status { active, revoked };

std::string_view to_string(key_status value);

/// Times are kept in whole microseconds; what is finer is cut off.
struct user {
  std::string id;             ///< A name that never changes.
  std::string email;          ///< Unique. In lower case, see identity::normal_email().
  std::string password_hash;  ///< As libsodium writes it: algorithm, cost, salt and hash.
  store::role role = role::client;
  wall_time created;
};

struct api_key {
  std::string id;     ///< Public: for logs, lists and revoking.
  std::string name;   ///< Unique among the active keys.
  std::string owner;  ///< A user's id, or empty.
  digest hash{};      ///< SHA-256 of the key's text, which is kept nowhere.
  key_status status = key_status::active;
  std::optional<wall_time> expires;
  wall_time created;
  std::optional<wall_time> last_used;
  bool expired = false;  ///< Says the store when it reads the row, by its own clock; never written.
};

struct token {
  std::string id;
  std::string user_id;
  std::string client_id;  ///< Empty until the client has registered.
  wall_time issued;
  wall_time expires;
  std::optional<wall_time> last_used;
  bool revoked = false;
};

/// A client's machine, as operators see it in the table `gpu_assets`.
struct asset {
  std::string user_id;
  std::string machine_id;  ///< The client's id. Unique together with the user.
  std::string name;
  bool online = false;
  wall_time created;
  wall_time updated;
};

/// That a key or a token was used.
struct use {
  std::string id;
  wall_time when;
};

/// May the row be written? Ids and clients are names, e-mail addresses and free names plain text.
bool is_valid(const user& row);
bool is_valid(const api_key& row);
bool is_valid(const token& row);
bool is_valid(const asset& row);
bool is_password_hash(std::string_view text);

}  // namespace frpx::store
