// What lasts: the rows, as every backend keeps them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/hex.hpp"

namespace frpx::store {

/// What a user may do: bring clients in, look at everything, or change it as well.
enum class role { client, viewer, admin };

std::string_view to_string(role value);
std::optional<role> parse_role(std::string_view text);
/// Whether users of this role may bring clients in.
bool may_bring_clients(role value);

enum class key_status { active, revoked };

std::string_view to_string(key_status value);

/// What a key may do at most.
struct key_limits {
  static constexpr std::uint32_t largest = 100'000;
  static constexpr std::size_t longest_list = 64;

  std::uint32_t per_minute = 0;      ///< Requests; 0: no limit.
  std::uint32_t at_once = 0;         ///< Requests; 0: no limit.
  std::vector<std::string> models;   ///< The only ones it may ask for; empty: any.
  std::vector<std::string> clients;  ///< The only ones that may serve it; empty: any.

  bool operator==(const key_limits&) const = default;
};

/// What is to be changed of a key: the members that hold something.
struct key_change {
  std::optional<std::uint32_t> per_minute;
  std::optional<std::uint32_t> at_once;
  std::optional<std::vector<std::string>> models;
  std::optional<std::vector<std::string>> clients;
  std::optional<std::optional<wall_time>> expires;  ///< Of it, nothing: never.
};

/// Times are kept in whole microseconds; what is finer is cut off.
struct user {
  std::string id;             ///< A name that never changes.
  std::string email;          ///< Unique. In lower case, see identity::normal_email().
  std::string password_hash;  ///< As libsodium writes it: algorithm, cost, salt and hash.
  store::role role = role::client;
  wall_time created;
  std::string ports;  ///< Outer ports that the user's services may have, as the room ports reads
                      ///< them, `9000-9099,10022`; empty: any of the server's.
  std::optional<std::uint32_t> leases = {};  ///< How many outer ports at once, 0 for any; nothing:
                                             ///< as the server has it.
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
  key_limits limits;
  bool expired = false;  ///< Says the store when it reads the row, by its own clock; never written.
};

/// A key that lets in now, how far and how long.
struct valid_key {
  std::string id;
  key_limits limits;
  std::optional<wall_time> expires;
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

/// A client's id, which belongs to the user who first brought a client in under it.
struct client {
  std::string id;
  std::string user_id;
  wall_time since;  ///< When it became theirs.
  wall_time seen;   ///< When a client of that id was last here, within a minute.
};

/// That a key, a token or a client's id was used.
struct use {
  std::string id;
  wall_time when;
};

/// What requests came to. Sums are cut at 2^63 - 1.
struct usage {
  std::uint64_t requests = 0;
  std::uint64_t errors = 0;     ///< Of them, those not answered whole or answered with 4xx or 5xx.
  std::uint64_t bytes_in = 0;   ///< Of the requests' bodies.
  std::uint64_t bytes_out = 0;  ///< Of the answers' bodies.
  std::uint64_t prompt_tokens = 0;  ///< As the services reported them.
  std::uint64_t completion_tokens = 0;

  usage& operator+=(const usage& more);
  bool operator==(const usage&) const = default;
};

/// So many rows of one key and one hour are kept; what further clients and models came to is added
/// up in one row more, whose client and model are `other_usage`.
inline constexpr std::size_t usage_rows_per_hour = 500;
inline constexpr std::string_view other_usage = ":others";

/// What one key used of one client and one model within one hour.
struct usage_row {
  std::string key;     ///< Its id.
  std::string client;  ///< Its id; empty: the request reached none.
  std::string model;   ///< Empty: none was named.
  wall_time hour;      ///< A whole one, UTC.
  usage of;
};

/// That an operator changed something, or tried to.
struct audit_row {
  std::uint64_t id = 0;  ///< Given by the store, each higher than the one before.
  wall_time at;
  std::string who;      ///< As whom he was let in.
  std::string from;     ///< `address:port`.
  std::string action;   ///< Like `revoke key`.
  std::string what;     ///< Which key, say; may be empty.
  std::string outcome;  ///< `done`, or why not.
};

/// What usage is summed up by.
enum class usage_by { key, client, model };

std::string_view to_string(usage_by value);
std::optional<usage_by> parse_usage_by(std::string_view text);

struct usage_sum {
  std::string name;  ///< The key's id, the client's, or the model; may be empty.
  usage of;
};

/// May the row be written? Ids and clients are names, e-mail addresses and free names plain text.
bool is_valid(const user& row);
bool is_valid(const api_key& row);
bool is_valid(const token& row);
bool is_valid(const asset& row);
bool is_valid(const client& row);
bool is_valid(const usage_row& row);
bool is_valid(const audit_row& row);
bool is_valid(const key_limits& limits);
bool is_valid(const key_change& change);
/// A model's name in a list: 1 to 256 bytes of printable ASCII without space and comma.
bool is_model_name(std::string_view text);
bool is_password_hash(std::string_view text);
/// What may be kept of a user's ports: up to 1024 digits, commas and hyphens, or nothing.
bool is_port_list(std::string_view text);

/// Names of a list as one text, `a,b`, and back; the empty text is the empty list. Names of clients
/// and models hold no comma.
std::string join_names(const std::vector<std::string>& names);
std::vector<std::string> split_names(std::string_view text);

}  // namespace frpx::store
