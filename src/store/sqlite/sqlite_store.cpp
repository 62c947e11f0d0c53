#include "store/sqlite/sqlite_store.hpp"

#include <algorithm>

#include "core/names.hpp"
#include "store/sqlite/statement.hpp"

namespace frpx::store {
namespace {

// The columns in the order in which read_*() reads them.
#define FRPX_USER_COLUMNS "id, email, password_hash, role, created, ports, leases"
#define FRPX_KEY_COLUMNS                                         \
  "id, name, owner, hash, status, expires, created, last_used, " \
  "per_minute, at_once, models, clients"
#define FRPX_TOKEN_COLUMNS "id, user_id, client_id, issued, expires, last_used, revoked"

user read_user(const query& row) {
  return {.id = row.text(0),
          .email = row.text(1),
          .password_hash = row.text(2),
          .role = parse_role(row.text(3)).value_or(role::client),
          .created = row.time(4),
          .ports = row.text(5),
          .leases = row.optional_number(6)};
}

// From four columns, the first of which is `at`.
key_limits read_limits(const query& row, int at) {
  return {.per_minute = static_cast<std::uint32_t>(row.integer(at)),
          .at_once = static_cast<std::uint32_t>(row.integer(at + 1)),
          .models = split_names(row.text(at + 2)),
          .clients = split_names(row.text(at + 3))};
}

api_key read_key(const query& row) {
  api_key out{.id = row.text(0),
              .name = row.text(1),
              .owner = row.text(2),
              .status = row.text(4) == "active" ? key_status::active : key_status::revoked,
              .expires = row.optional_time(5),
              .created = row.time(6),
              .last_used = row.optional_time(7),
              .limits = read_limits(row, 8)};
  const std::string hash = row.text(3);
  std::copy_n(as_bytes(hash).begin(), std::min(hash.size(), out.hash.size()), out.hash.begin());
  out.expired = out.expires && *out.expires <= wall_clock::now();
  return out;
}

token read_token(const query& row) {
  return {.id = row.text(0),
          .user_id = row.text(1),
          .client_id = row.text(2),
          .issued = row.time(3),
          .expires = row.time(4),
          .last_used = row.optional_time(5),
          .revoked = row.integer(6) != 0};
}

}  // namespace

// --- users

result<void> sqlite_store::add_user(const user& row) {
  if (!is_valid(row)) return errc::bad_value;
  const std::scoped_lock lock(writer_.mutex);
  return query(writer_.db, "INSERT INTO users (" FRPX_USER_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?)")
      .bind(row.id)
      .bind(row.email)
      .bind(row.password_hash)
      .bind(to_string(row.role))
      .bind(row.created)
      .bind(row.ports)
      .bind_number(row.leases)
      .run();
}

result<user> sqlite_store::find_user(std::string_view email) {
  const std::scoped_lock lock(reader_.mutex);
  query find(reader_.db, "SELECT " FRPX_USER_COLUMNS " FROM users WHERE email = ?");
  return one(find.bind(email), read_user);
}

result<user> sqlite_store::find_user_by_id(std::string_view id) {
  const std::scoped_lock lock(reader_.mutex);
  query find(reader_.db, "SELECT " FRPX_USER_COLUMNS " FROM users WHERE id = ?");
  return one(find.bind(id), read_user);
}

result<std::vector<user>> sqlite_store::list_users(const page& which) {
  const std::scoped_lock lock(reader_.mutex);
  query list(reader_.db,
             "SELECT " FRPX_USER_COLUMNS " FROM users WHERE id > ? ORDER BY id LIMIT ?");
  return many(list.bind(which.after).bind(bounded(which.limit)), read_user);
}

result<std::vector<user>> sqlite_store::find_users(const std::vector<std::string>& ids) {
  return pick("SELECT " FRPX_USER_COLUMNS " FROM users WHERE id = ?", ids, read_user);
}

// With writer_'s mutex.
result<void> sqlite_store::change_user(std::string_view email, query& change, bool revokes_tokens) {
  transaction both(writer_.db);
  if (!both.begun()) return both.begun();
  if (const auto done = change_one(writer_.db, change); !done) return done;
  if (revokes_tokens) {
    const auto revoked = query(writer_.db,
                               "UPDATE tokens SET revoked = 1 WHERE revoked = 0 AND user_id = "
                               "(SELECT id FROM users WHERE email = ?)")
                             .bind(email)
                             .run();
    if (!revoked) return revoked;
  }
  return both.commit();
}

result<void> sqlite_store::set_password(std::string_view email, const std::string& password_hash) {
  if (!is_password_hash(password_hash)) return errc::bad_value;
  const std::scoped_lock lock(writer_.mutex);
  query change(writer_.db, "UPDATE users SET password_hash = ? WHERE email = ?");
  return change_user(email, change.bind(password_hash).bind(email), true);
}

result<void> sqlite_store::set_role(std::string_view email, role value) {
  const std::scoped_lock lock(writer_.mutex);
  query change(writer_.db, "UPDATE users SET role = ? WHERE email = ?");
  return change_user(email, change.bind(to_string(value)).bind(email), !may_bring_clients(value));
}

result<void> sqlite_store::set_ports(std::string_view email, const std::string& ports) {
  if (!is_port_list(ports)) return errc::bad_value;
  const std::scoped_lock lock(writer_.mutex);
  query change(writer_.db, "UPDATE users SET ports = ? WHERE email = ?");
  return change_one(writer_.db, change.bind(ports).bind(email));
}

result<void> sqlite_store::set_leases(std::string_view email, std::optional<std::uint32_t> most) {
  const std::scoped_lock lock(writer_.mutex);
  query change(writer_.db, "UPDATE users SET leases = ? WHERE email = ?");
  return change_one(writer_.db, change.bind_number(most).bind(email));
}

result<void> sqlite_store::remove_user(std::string_view email) {
  const std::scoped_lock lock(writer_.mutex);
  transaction change(writer_.db);
  if (!change.begun()) return change.begun();
  const auto revoked =
      query(writer_.db,
            "UPDATE api_keys SET status = 'revoked' WHERE status = 'active' AND owner = "
            "(SELECT id FROM users WHERE email = ?)")
          .bind(email)
          .run();
  if (!revoked) return revoked;
  // Tokens and machines go with the user by their foreign keys.
  query remove(writer_.db, "DELETE FROM users WHERE email = ?");
  if (const auto done = change_one(writer_.db, remove.bind(email)); !done) return done;
  return change.commit();
}

// --- keys

result<void> sqlite_store::add_key(const api_key& row) {
  if (!is_valid(row)) return errc::bad_value;
  const std::string models = join_names(row.limits.models);
  const std::string clients = join_names(row.limits.clients);
  const std::scoped_lock lock(writer_.mutex);
  return query(writer_.db, "INSERT INTO api_keys (" FRPX_KEY_COLUMNS
                           ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(row.id)
      .bind(row.name)
      .bind(row.owner)
      .bind_blob(as_text(row.hash))
      .bind(to_string(row.status))
      .bind(row.expires)
      .bind(row.created)
      .bind(row.last_used)
      .bind(std::int64_t{row.limits.per_minute})
      .bind(std::int64_t{row.limits.at_once})
      .bind(models)
      .bind(clients)
      .run();
}

result<api_key> sqlite_store::find_key(const secret& text) {
  const digest hash = sha256(text.reveal());
  const std::scoped_lock lock(reader_.mutex);
  query find(reader_.db, "SELECT " FRPX_KEY_COLUMNS " FROM api_keys WHERE hash = ?");
  return one(find.bind_blob(as_text(hash)), read_key);
}

result<std::vector<api_key>> sqlite_store::list_keys(const page& which) {
  const std::scoped_lock lock(reader_.mutex);
  query list(reader_.db,
             "SELECT " FRPX_KEY_COLUMNS " FROM api_keys WHERE id > ? ORDER BY id LIMIT ?");
  return many(list.bind(which.after).bind(bounded(which.limit)), read_key);
}

result<api_key> sqlite_store::revoke_key(std::string_view id_or_name) {
  const std::scoped_lock lock(writer_.mutex);
  query change(writer_.db,
               "UPDATE api_keys SET status = 'revoked' WHERE id = "
               "(SELECT id FROM api_keys WHERE id = ?1 OR (name = ?1 AND status = 'active') "
               "ORDER BY id = ?1 DESC LIMIT 1) RETURNING " FRPX_KEY_COLUMNS);
  return one(change.bind(id_or_name), read_key);
}

result<api_key> sqlite_store::change_key(std::string_view id_or_name, const key_change& change) {
  if (!is_valid(change)) return errc::bad_value;
  const auto list = [](const std::optional<std::vector<std::string>>& names) {
    return names ? std::optional(join_names(*names)) : std::nullopt;
  };
  const auto models = list(change.models);
  const auto clients = list(change.clients);
  const std::scoped_lock lock(writer_.mutex);
  query update(writer_.db,
               "UPDATE api_keys SET per_minute = coalesce(?2, per_minute), "
               "at_once = coalesce(?3, at_once), models = coalesce(?4, models), "
               "clients = coalesce(?5, clients), "
               "expires = CASE WHEN ?6 THEN ?7 ELSE expires END WHERE id = "
               "(SELECT id FROM api_keys WHERE id = ?1 OR (name = ?1 AND status = 'active') "
               "ORDER BY id = ?1 DESC LIMIT 1) RETURNING " FRPX_KEY_COLUMNS);
  update.bind(id_or_name);
  for (const auto& number : {change.per_minute, change.at_once}) {
    update.bind_number(number);
  }
  for (const auto* text : {&models, &clients}) {
    *text ? update.bind(**text) : update.bind_null();
  }
  update.bind(std::int64_t{change.expires.has_value()}).bind(change.expires.value_or(std::nullopt));
  return one(update, read_key);
}

result<void> sqlite_store::touch(const char* sql, std::span<const use> uses) {
  if (uses.empty()) return {};
  const std::scoped_lock lock(writer_.mutex);
  transaction change(writer_.db);
  if (!change.begun()) return change.begun();
  for (const use& u : uses) {
    if (const auto done = query(writer_.db, sql).bind(u.when).bind(u.id).run(); !done) return done;
  }
  return change.commit();
}

result<void> sqlite_store::touch_keys(std::span<const use> uses) {
  return touch(
      "UPDATE api_keys SET last_used = ?1 WHERE id = ?2 AND (last_used IS NULL OR last_used < ?1)",
      uses);
}

// What `sql` finds for `ids`, at most one row for each.
template <class Read>
auto sqlite_store::pick(const char* sql, const std::vector<std::string>& ids, Read read)
    -> result<std::vector<decltype(read(std::declval<query&>()))>> {
  const std::scoped_lock lock(reader_.mutex);
  std::vector<decltype(read(std::declval<query&>()))> picked;
  for (const std::string& id : ids) {
    query find(reader_.db, sql);
    const auto row = find.bind(id).next();
    if (!row) return row.error();
    if (*row == query::step::row) picked.push_back(read(find));
  }
  return picked;
}

result<std::vector<valid_key>> sqlite_store::valid_keys(const std::vector<std::string>& ids) {
  auto active = pick(
      "SELECT id, per_minute, at_once, models, clients, expires FROM api_keys "
      "WHERE id = ? AND status = 'active'",
      ids, [](const query& row) {
        return valid_key{row.text(0), read_limits(row, 1), row.optional_time(5)};
      });
  if (!active) return active;
  const wall_time now = wall_clock::now();
  std::erase_if(*active,
                [&](const valid_key& each) { return each.expires && *each.expires <= now; });
  return active;
}

// --- tokens

result<void> sqlite_store::add_token(const token& row) {
  if (!is_valid(row)) return errc::bad_value;
  const std::scoped_lock lock(writer_.mutex);
  transaction change(writer_.db);
  if (!change.begun()) return change.begun();
  const auto added =
      query(writer_.db, "INSERT INTO tokens (" FRPX_TOKEN_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?)")
          .bind(row.id)
          .bind(row.user_id)
          .bind(row.client_id)
          .bind(row.issued)
          .bind(row.expires)
          .bind(row.last_used)
          .bind(std::int64_t{row.revoked})
          .run();
  if (!added) return added;
  const auto bounded_again =
      query(writer_.db,
            "DELETE FROM tokens WHERE id IN (SELECT id FROM tokens WHERE user_id = ? "
            "ORDER BY issued DESC, id DESC LIMIT -1 OFFSET ?)")
          .bind(row.user_id)
          .bind(static_cast<std::int64_t>(tokens_per_user))
          .run();
  if (!bounded_again) return bounded_again;
  return change.commit();
}

result<token> sqlite_store::find_token(std::string_view id) {
  const std::scoped_lock lock(reader_.mutex);
  query find(reader_.db, "SELECT " FRPX_TOKEN_COLUMNS " FROM tokens WHERE id = ?");
  return one(find.bind(id), read_token);
}

result<std::vector<token>> sqlite_store::list_tokens(const page& which) {
  const std::scoped_lock lock(reader_.mutex);
  query list(reader_.db,
             "SELECT " FRPX_TOKEN_COLUMNS " FROM tokens WHERE id > ? ORDER BY id LIMIT ?");
  return many(list.bind(which.after).bind(bounded(which.limit)), read_token);
}

result<void> sqlite_store::set_token_client(std::string_view id, std::string_view client_id) {
  if (!is_name(client_id)) return errc::bad_value;
  const std::scoped_lock lock(writer_.mutex);
  query change(writer_.db, "UPDATE tokens SET client_id = ? WHERE id = ?");
  return change_one(writer_.db, change.bind(client_id).bind(id));
}

result<token> sqlite_store::revoke_token(std::string_view id) {
  const std::scoped_lock lock(writer_.mutex);
  query change(writer_.db,
               "UPDATE tokens SET revoked = 1 WHERE id = ? RETURNING " FRPX_TOKEN_COLUMNS);
  return one(change.bind(id), read_token);
}

result<void> sqlite_store::touch_tokens(std::span<const use> uses) {
  return touch(
      "UPDATE tokens SET last_used = ?1 WHERE id = ?2 AND (last_used IS NULL OR last_used < ?1)",
      uses);
}

result<std::vector<std::string>> sqlite_store::valid_tokens(const std::vector<std::string>& ids) {
  return pick("SELECT id FROM tokens WHERE id = ? AND revoked = 0", ids,
              [](const query& row) { return row.text(0); });
}

result<std::size_t> sqlite_store::remove_tokens_expired_before(wall_time when) {
  const std::scoped_lock lock(writer_.mutex);
  query remove(writer_.db, "DELETE FROM tokens WHERE expires < ?");
  if (const auto done = remove.bind(when).run(); !done) return done.error();
  return writer_.db.changed_rows();
}

result<std::uint64_t> sqlite_store::change_count() {
  const std::scoped_lock lock(reader_.mutex);
  // The version (https://sqlite.org/pragma.html#pragma_data_version) costs no disk access and moves
  // with every foreign commit, the count with those that matter.
  query version(reader_.db, "PRAGMA data_version");
  const auto now = one(version, [](const query& row) { return row.integer(0); });
  if (!now) return now.error();
  if (*now == seen_version_) return seen_count_;
  query count(reader_.db, "SELECT count FROM changes");
  const auto counted = one(count, [](const query& row) { return row.integer(0); });
  if (!counted) return counted.error();
  seen_version_ = *now;
  seen_count_ = static_cast<std::uint64_t>(*counted);
  return seen_count_;
}

result<summary> sqlite_store::describe() {
  const std::scoped_lock lock(reports_.mutex);
  query count(reports_.db,
              "SELECT (SELECT user_version FROM pragma_user_version), "
              "(SELECT count(*) FROM users), (SELECT count(*) FROM api_keys), "
              "(SELECT count(*) FROM tokens), (SELECT count(*) FROM gpu_assets)");
  return one(count, [](const query& row) {
    const auto number = [&](int column) { return static_cast<std::size_t>(row.integer(column)); };
    return summary{.schema = static_cast<int>(row.integer(0)),
                   .users = number(1),
                   .keys = number(2),
                   .tokens = number(3),
                   .assets = number(4)};
  });
}

}  // namespace frpx::store
