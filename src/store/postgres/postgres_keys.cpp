// The keys: ours, and those of public frpx.
#include <charconv>

#include "core/names.hpp"
#include "store/postgres/postgres_store.hpp"
#include "store/postgres/statement.hpp"

namespace frpx::store {
namespace {

using pg::first_text;
using pg::many;
using pg::one;
using pg::rows;
using pg::values;

// The columns in the order of FRPX_KEY_NAMES.
#define FRPX_KEY_COLUMNS                                                                    \
  "id, name, owner, encode(hash, 'hex'), status, " FRPX_MICROS("expires") ", " FRPX_MICROS( \
      "created") ", " FRPX_MICROS("last_used") ", coalesce(expires <= NOW(), false)"

#define FRPX_LIMIT_COLUMNS                              \
  "coalesce(l.per_minute, 0), coalesce(l.at_once, 0), " \
  "coalesce(l.models, ''), coalesce(l.clients, '')"

// Rows of those columns with their limits behind them, as read_key() reads them.
#define FRPX_KEY_NAMES "(id, name, owner, hash, status, expires, created, last_used, expired)"
#define FRPX_LIMITED(rows)                                                  \
  "SELECT k.*, " FRPX_LIMIT_COLUMNS " FROM (" rows ") AS k " FRPX_KEY_NAMES \
  " LEFT JOIN frpx_key_limits AS l ON l.id = k.id"

// A key in public frpx's table: its digest, and an id made of the digest's digest, so that it is
// the same before and after hashing and says nothing about the key.
#define FRPX_PLAIN_HASH                                            \
  "CASE WHEN key::text LIKE 'sha256:%' THEN substr(key::text, 8) " \
  "ELSE encode(sha256(convert_to(key::text, 'UTF8')), 'hex') END"
#define FRPX_PLAIN_ID \
  "'plain-' || left(encode(sha256(convert_to(" FRPX_PLAIN_HASH ", 'UTF8')), 'hex'), 16)"
#define FRPX_PLAIN_COLUMNS \
  FRPX_PLAIN_ID ", " FRPX_PLAIN_ID ", '', " FRPX_PLAIN_HASH ", status::text, "                   \
  FRPX_MICROS("\"expiresAt\"") ", " FRPX_MICROS("\"createdAt\"") ", NULL::bigint, "              \
  "coalesce(\"expiresAt\" <= NOW(), false)"

// The id of the key of ours that $1 names.
#define FRPX_OWN_KEY                                          \
  "SELECT id FROM frpx_keys WHERE id = $1 OR (name = $1 AND " \
  "status = 'active') ORDER BY id = $1 DESC LIMIT 1"

constexpr std::string_view plain_prefix = "plain-";
constexpr std::string_view hashed_prefix = "sha256:";

digest digest_of(const std::string& hex) {
  digest out{};
  for (std::size_t i = 0; i < out.size() && 2 * i + 2 <= hex.size(); ++i) {
    unsigned value = 0;
    std::from_chars(hex.data() + 2 * i, hex.data() + 2 * i + 2, value, 16);
    out[i] = static_cast<std::byte>(value);
  }
  return out;
}

// From four columns, the first of which is `at`.
key_limits read_limits(const rows& from, int row, int at) {
  return {.per_minute = static_cast<std::uint32_t>(from.integer(row, at)),
          .at_once = static_cast<std::uint32_t>(from.integer(row, at + 1)),
          .models = split_names(from.text(row, at + 2)),
          .clients = split_names(from.text(row, at + 3))};
}

valid_key read_valid_key(const rows& from, int row) {
  return {from.text(row, 0), read_limits(from, row, 1), from.optional_time(row, 5)};
}

values& add_number(values& to, std::optional<std::uint32_t> number) {
  return number ? to.add(std::int64_t{*number}) : to.add_null();
}

values& add_names(values& to, const std::optional<std::vector<std::string>>& names) {
  return names ? to.add(std::string_view(join_names(*names))) : to.add_null();
}

api_key read_key(const rows& from, int row) {
  return {.id = from.text(row, 0),
          .name = from.text(row, 1),
          .owner = from.text(row, 2),
          .hash = digest_of(from.text(row, 3)),
          .status = from.text(row, 4) == "active" ? key_status::active : key_status::revoked,
          .expires = from.optional_time(row, 5),
          .created = from.time(row, 6),
          .last_used = from.optional_time(row, 7),
          .limits = read_limits(from, row, 9),
          .expired = from.flag(row, 8)};
}

}  // namespace

result<void> postgres_store::add_key(const api_key& row) {
  if (!is_valid(row)) return errc::bad_value;
  return change_one(
      "WITH added AS (INSERT INTO frpx_keys "
      "(id, name, owner, hash, status, expires, created, last_used) VALUES "
      "($1, $2, $3, $4, $5, $6::timestamptz, $7::timestamptz, $8::timestamptz) RETURNING id) "
      "INSERT INTO frpx_key_limits SELECT id, $9, $10, $11, $12 FROM added",
      values()
          .add(row.id)
          .add(row.name)
          .add(row.owner)
          .add_bytes(row.hash)
          .add(to_string(row.status))
          .add(row.expires)
          .add(row.created)
          .add(row.last_used)
          .add(std::int64_t{row.limits.per_minute})
          .add(std::int64_t{row.limits.at_once})
          .add(std::string_view(join_names(row.limits.models)))
          .add(std::string_view(join_names(row.limits.clients))));
}

result<api_key> postgres_store::find_key(const secret& text) {
  const digest hash = sha256(text.reveal());
  const std::string hashed = std::string(hashed_prefix) + to_hex(hash);
  // A text that looks like what stands in the table instead of a key is not that key.
  const bool may_be_plain =
      is_plain_text(text.reveal()) && !text.reveal().starts_with(hashed_prefix);
  auto asked = ask();
  if (!asked) return asked.error();
  return one(
      asked->on->run_prepared(
          FRPX_LIMITED("SELECT " FRPX_KEY_COLUMNS " FROM frpx_keys WHERE hash = $1 UNION ALL "
                       "SELECT " FRPX_PLAIN_COLUMNS " FROM api_keys WHERE key IN ($2, $3) LIMIT 1"),
          values().add_bytes(hash).add(hashed).add(may_be_plain ? std::string_view(text.reveal())
                                                                : std::string_view(hashed)),
          asked->deadline),
      read_key);
}

result<std::vector<api_key>> postgres_store::list_keys(const page& which) {
  return many(run(FRPX_LIMITED("SELECT " FRPX_KEY_COLUMNS " FROM frpx_keys UNION ALL "
                               "SELECT " FRPX_PLAIN_COLUMNS
                               " FROM api_keys") " WHERE k.id COLLATE \"C\" > $1 ORDER BY k.id "
                                                 "COLLATE \"C\" LIMIT $2",
                  values().add(which.after).add(pg::bounded(which.limit))),
              read_key);
}

result<api_key> postgres_store::revoke_key(std::string_view id_or_name) {
  if (!is_plain_text(id_or_name)) return errc::not_found;
  auto asked = ask();
  if (!asked) return asked.error();
  auto own =
      one(asked->run("WITH changed " FRPX_KEY_NAMES
                     " AS (UPDATE frpx_keys SET status = 'revoked' WHERE id = (" FRPX_OWN_KEY
                     ") RETURNING " FRPX_KEY_COLUMNS ") " FRPX_LIMITED("SELECT * FROM changed"),
                     values().add(id_or_name)),
          read_key);
  changed_ = true;
  if (own || own.error() != errc::not_found || !id_or_name.starts_with(plain_prefix)) return own;
  return one(
      asked->run("WITH changed " FRPX_KEY_NAMES
                 " AS (UPDATE api_keys SET status = $1, \"updatedAt\" = NOW() WHERE " FRPX_PLAIN_ID
                 " = $2 RETURNING " FRPX_PLAIN_COLUMNS ") " FRPX_LIMITED("SELECT * FROM changed"),
                 values().add(revoked_word_).add(id_or_name)),
      read_key);
}

result<api_key> postgres_store::change_key(std::string_view id_or_name, const key_change& change) {
  if (!is_valid(change)) return errc::bad_value;
  if (!is_plain_text(id_or_name)) return errc::not_found;
  auto asked = ask();
  if (!asked) return asked.error();
  pg::transaction all(*asked->on, asked->deadline);
  if (!all.begun()) return all.begun().error();
  values to;
  to.add(id_or_name);
  add_number(to, change.per_minute);
  add_number(to, change.at_once);
  add_names(to, change.models);
  add_names(to, change.clients);
  const auto id =
      one(asked->run("WITH which AS ((" FRPX_OWN_KEY ") UNION ALL SELECT " FRPX_PLAIN_ID
                     " FROM api_keys WHERE " FRPX_PLAIN_ID
                     " = $1 LIMIT 1) INSERT INTO frpx_key_limits AS l SELECT id, "
                     "coalesce($2::int, 0), coalesce($3::int, 0), "
                     "coalesce($4::text, ''), coalesce($5::text, '') FROM which "
                     "ON CONFLICT (id) DO UPDATE SET per_minute = coalesce($2::int, l.per_minute), "
                     "at_once = coalesce($3::int, l.at_once), "
                     "models = coalesce($4::text, l.models), "
                     "clients = coalesce($5::text, l.clients) RETURNING id",
                     to),
          first_text);
  changed_ = true;
  if (!id) return id.error();
  if (change.expires) {
    const bool is_plain = id->starts_with(plain_prefix);
    const auto done = asked->run(
        is_plain ? "UPDATE api_keys SET \"expiresAt\" = $2::timestamptz, \"updatedAt\" = NOW() "
                   "WHERE " FRPX_PLAIN_ID " = $1"
                 : "UPDATE frpx_keys SET expires = $2::timestamptz WHERE id = $1",
        values().add(*id).add(*change.expires));
    if (!done) return done.error();
  }
  auto row =
      one(asked->run(FRPX_LIMITED("SELECT " FRPX_KEY_COLUMNS " FROM frpx_keys UNION ALL "
                                  "SELECT " FRPX_PLAIN_COLUMNS " FROM api_keys") " WHERE k.id = $1",
                     values().add(*id)),
          read_key);
  if (!row) return row;
  if (const auto done = all.commit(); !done) return done.error();
  return row;
}

result<void> postgres_store::touch(const char* sql, std::span<const use> uses) {
  if (uses.empty()) return {};
  auto asked = ask();
  if (!asked) return asked.error();
  pg::transaction change(*asked->on, asked->deadline);
  if (!change.begun()) return change.begun();
  for (const use& u : uses) {
    if (const auto done = asked->run(sql, values().add(u.when).add(u.id)); !done) {
      return done.error();
    }
  }
  return change.commit();
}

result<void> postgres_store::touch_keys(std::span<const use> uses) {
  return touch(
      "UPDATE frpx_keys SET last_used = $1::timestamptz "
      "WHERE id = $2 AND (last_used IS NULL OR last_used < $1::timestamptz)",
      uses);
}

result<std::vector<valid_key>> postgres_store::valid_keys(const std::vector<std::string>& ids) {
  std::vector<std::string> own;
  std::vector<std::string> plain;
  for (const std::string& id : ids) (id.starts_with(plain_prefix) ? plain : own).push_back(id);
  auto asked = ask();
  if (!asked) return asked.error();
  auto valid = many(
      asked->run(
          "SELECT k.id, " FRPX_LIMIT_COLUMNS ", " FRPX_MICROS(
              "k.expires") " FROM frpx_keys AS k LEFT JOIN frpx_key_limits AS l ON l.id = k.id "
                           "WHERE k.id = ANY($1::text[]) AND status = 'active' AND "
                           "(expires IS NULL OR expires > NOW())",
          values().add_list(own)),
      read_valid_key);
  if (!valid || plain.empty()) return valid;
  auto more = many(
      asked->run("SELECT k.id, " FRPX_LIMIT_COLUMNS ", k.expires FROM (SELECT " FRPX_PLAIN_ID
                 " AS id, " FRPX_MICROS(
                     "\"expiresAt\"") " AS expires FROM api_keys WHERE status::text = 'active' AND "
                                      "(\"expiresAt\" IS NULL OR \"expiresAt\" > NOW())) AS k "
                                      "LEFT JOIN frpx_key_limits AS l ON l.id = k.id WHERE k.id = "
                                      "ANY($1::text[])",
                 values().add_list(plain)),
      read_valid_key);
  if (!more) return more;
  valid->insert(valid->end(), more->begin(), more->end());
  return valid;
}

result<std::size_t> postgres_store::hash_plain_keys() {
  const auto done = run("UPDATE api_keys SET key = 'sha256:' || " FRPX_PLAIN_HASH
                        ", \"updatedAt\" = NOW() WHERE key::text NOT LIKE 'sha256:%'",
                        {});
  changed_ = true;
  if (!done) return done.error();
  return done->changed();
}

}  // namespace frpx::store
