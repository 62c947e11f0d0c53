// What lasts: users, keys, tokens, machines and usage, behind one interface.
#pragma once

#include <boost/assert/source_location.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "core/secret.hpp"
#include "store/errors.hpp"
#include "store/rows.hpp"

namespace frpx::store {

/// One part of a list, in the order of ids (machines: of user and machine).
struct page {
  std::string after;        ///< The last row seen: its id, or `user_id/machine_id`. Empty: none.
  std::size_t limit = 100;  ///< At most `longest_page` rows come, whatever is asked for.
};

inline constexpr std::size_t longest_page = 1000;

/// A user's tokens beyond this number push out those that were issued first.
inline constexpr std::size_t tokens_per_user = 1000;

/// How long a batch of usage is known after it was added.
inline constexpr std::chrono::hours batch_memory{24};

/// What `db status` tells. `plain_keys` stand readable in the database of public frpx.
struct summary {
  int schema = 0;
  std::size_t users = 0;
  std::size_t keys = 0;
  std::size_t plain_keys = 0;
  std::size_t tokens = 0;
  std::size_t assets = 0;
};

/// Keeps users, API keys, tokens, machines, usage and the audit log, the same way whatever lies
/// below: every backend passes store/contract_test.cpp.
///
/// Every call blocks, on a file or on a server, up to the time-out that the store was opened with:
/// call it from the pool for blocking work, never from a worker. Any thread may call, several at
/// once. A call cannot be cancelled; it ends by its time-out. A call that fails has changed
/// nothing, a call that succeeds has changed what the next start will find.
///
/// Beside the errors named at each call: `unavailable`, `busy`, `full`, `read_only`, `corrupt` and
/// `failed`, all of which say nothing about the row that was asked for.
class store {
 public:
  store() = default;
  store(const store&) = delete;
  store& operator=(const store&) = delete;
  virtual ~store() = default;

  /// What this is, for the log and for `db status`: `sqlite`, `postgres`, `memory`.
  virtual std::string_view kind() const = 0;
  /// Whether it is a server elsewhere, which may be away while this program runs.
  virtual bool is_remote() const { return false; }
  /// Names the database itself, the same for all who share it and for nobody else; never holds a
  /// password. Does not block.
  virtual std::string scope() const = 0;

  // --- users: errors already_exists (of an id or an e-mail address), not_found, bad_value
  virtual result<void> add_user(const user& row) = 0;
  virtual result<user> find_user(std::string_view email) = 0;
  virtual result<user> find_user_by_id(std::string_view id) = 0;
  virtual result<std::vector<user>> list_users(const page& which) = 0;
  /// Those of the users with these ids who are there, in no order.
  virtual result<std::vector<user>> find_users(const std::vector<std::string>& ids) = 0;
  /// Revokes the user's tokens with it, all or nothing: whoever knew the old password has none
  /// left.
  virtual result<void> set_password(std::string_view email, const std::string& password_hash) = 0;
  /// The same of the tokens, when the new role may bring no clients in.
  virtual result<void> set_role(std::string_view email, role value) = 0;
  virtual result<void> set_ports(std::string_view email, const std::string& ports) = 0;
  virtual result<void> set_leases(std::string_view email, std::optional<std::uint32_t> most) = 0;
  /// Takes away the user, his tokens and machines, makes his clients' ids nobody's and revokes his
  /// keys, all or nothing.
  virtual result<void> remove_user(std::string_view email) = 0;

  // --- keys: errors already_exists (of an id, a hash or an active key's name), not_found,
  // bad_value
  virtual result<void> add_key(const api_key& row) = 0;
  /// The row of the key with this text, be it active or not: the caller judges.
  virtual result<api_key> find_key(const secret& text) = 0;
  virtual result<std::vector<api_key>> list_keys(const page& which) = 0;
  /// Revokes the key with this id, else the active one with this name, and returns it as it is now.
  /// A key that is revoked already is returned as well.
  virtual result<api_key> revoke_key(std::string_view id_or_name) = 0;
  /// Changes the key that revoke_key() would find, and returns it as it is now. One that had
  /// expired and is given another time is good again, a revoked one is not.
  virtual result<api_key> change_key(std::string_view id_or_name, const key_change& change) = 0;
  /// Notes the last use of keys; an earlier time than the known one and unknown ids are passed
  /// over.
  virtual result<void> touch_keys(std::span<const use> uses) = 0;
  /// Those of the keys with these ids that are active and have not expired, in no order.
  virtual result<std::vector<valid_key>> valid_keys(const std::vector<std::string>& ids) = 0;
  /// Puts hashes in the place of keys that stand readable in the database; returns how many.
  virtual result<std::size_t> hash_plain_keys() { return 0; }

  // --- tokens: errors already_exists (of an id), not_found (of the token, or of its user when
  // adding), bad_value
  virtual result<void> add_token(const token& row) = 0;
  virtual result<token> find_token(std::string_view id) = 0;
  virtual result<std::vector<token>> list_tokens(const page& which) = 0;
  virtual result<void> set_token_client(std::string_view id, std::string_view client_id) = 0;
  virtual result<token> revoke_token(std::string_view id) = 0;
  virtual result<void> touch_tokens(std::span<const use> uses) = 0;
  /// Those of the tokens with these ids that are there and not revoked, in no order.
  virtual result<std::vector<std::string>> valid_tokens(const std::vector<std::string>& ids) = 0;
  /// Takes away the tokens that expired before `when`; returns how many.
  virtual result<std::size_t> remove_tokens_expired_before(wall_time when) = 0;

  // --- machines: errors not_found (of the user), bad_value
  /// Adds the row or, when user and machine have one, changes name, `online` and `updated` in it.
  virtual result<void> put_asset(const asset& row) = 0;
  virtual result<std::vector<asset>> list_assets(const page& which) = 0;
  /// Shows as offline what is online and was not put since `before`; returns how many.
  virtual result<std::size_t> put_silent_assets_offline(wall_time before) = 0;

  // --- clients' ids: errors not_found, bad_value
  virtual result<client> find_client(std::string_view id) = 0;
  /// Gives the id to `row.user_id` if it is nobody's, notes that it was seen if it is theirs, and
  /// returns the row as it is then: its `user_id` says whose it is. When a user gets another id,
  /// those that were seen longest ago and are beyond `most` are nobody's any more.
  virtual result<client> claim_client(const client& row, std::size_t most) = 0;
  virtual result<std::vector<client>> list_clients(const page& which) = 0;
  /// Makes it nobody's; returns the row as it was.
  virtual result<client> forget_client(std::string_view id) = 0;
  /// Notes when ids were seen; earlier times and unknown ids are passed over.
  virtual result<void> touch_clients(std::span<const use> uses) = 0;

  // --- usage: errors bad_value
  /// Adds the rows to what is known of the same key, client, model and hour, all or nothing. A
  /// batch whose id (a name) is known already has been added before and is passed over: who was not
  /// told whether a batch was written sends the same one again, within a day. Beyond
  /// `usage_rows_per_hour` of a key, new clients and models count as `other_usage`.
  virtual result<void> add_usage(std::string_view batch, std::span<const usage_row> rows) = 0;
  /// The sums of the hours that begin at `from` or later and before `to`, those with most requests
  /// first, then by name; at most `longest_page`.
  virtual result<std::vector<usage_sum>> sum_usage(usage_by by, wall_time from, wall_time to) = 0;
  /// Takes away the hours that began before `when`; returns how many rows.
  virtual result<std::size_t> remove_usage_before(wall_time when) = 0;

  // --- audit: errors bad_value
  /// Adds a row, whose `id` is not looked at.
  virtual result<void> add_audit(const audit_row& row) = 0;
  /// The last rows, newest first: those with a lower id than `before` (0: any), at most `limit` and
  /// at most `longest_page`.
  virtual result<std::vector<audit_row>> list_audit(std::uint64_t before, std::size_t limit) = 0;
  /// Takes away what happened before `when`; returns how many rows.
  virtual result<std::size_t> remove_audit_before(wall_time when) = 0;

  /// A number that differs from its former value once any process has added, changed or taken away
  /// users or keys, or has revoked or taken away tokens: who keeps answers in memory forgets them
  /// then. New tokens, uses, machines, clients' ids and usage do not count. Cheap enough to be
  /// asked every 200 ms.
  virtual result<std::uint64_t> change_count() = 0;

  virtual result<summary> describe() = 0;
};

/// Why a store could not be opened: a code to decide by, a sentence to print. The sentence never
/// holds the URL's password.
struct open_error {
  error_code code;
  std::string text;
};

/// Makes `open(...).value()` throw std::runtime_error with the sentence: for start-up.
[[noreturn]] void throw_exception_from_error(const open_error& error,
                                             const boost::source_location& where);

struct open_options {
  std::chrono::milliseconds timeout{1000};  ///< How long a call may take or wait for a lock.
  std::size_t connections = 10;             ///< To a server, at most.
  std::uint64_t max_bytes = 0;              ///< Bound of an embedded database's file; 0: none.
  bool migrate = true;                      ///< Else an older schema is refused: `older_schema`.
  bool may_be_away = false;                 ///< A server that cannot be reached now is no error.
};

/// Opens what `url` names, and brings its tables up to what this program knows, under a lock, so
/// that many programs may do so at once. Blocks.
///
///     sqlite:PATH    a file; made with mode 0600, its folder with 0700, if they do not exist
///     memory:        this process's memory; gone at its end
///     postgres://... a PostgreSQL server, as libpq understands it (also `postgresql:`)
///
/// Errors: `unknown_scheme`, `cannot_open`, `newer_schema`, `older_schema`, and those of every
/// call.
boost::system::result<std::unique_ptr<store>, open_error> open(const std::string& url,
                                                               const open_options& options = {});

}  // namespace frpx::store
