// By what clients come back.
#include "core/names.hpp"
#include "store/postgres/postgres_store.hpp"
#include "store/postgres/statement.hpp"

namespace frpx::store {
namespace {

using pg::bounded;
using pg::first_text;
using pg::many;
using pg::one;
using pg::rows;
using pg::values;

// The columns in the order in which read_token() reads them.
#define FRPX_TOKEN_COLUMNS                                                                       \
  "id, user_id, client_id, " FRPX_MICROS("issued") ", " FRPX_MICROS("expires") ", " FRPX_MICROS( \
      "last_used") ", revoked"

token read_token(const rows& from, int row) {
  return {.id = from.text(row, 0),
          .user_id = from.text(row, 1),
          .client_id = from.text(row, 2),
          .issued = from.time(row, 3),
          .expires = from.time(row, 4),
          .last_used = from.optional_time(row, 5),
          .revoked = from.flag(row, 6)};
}

}  // namespace

result<void> postgres_store::add_token(const token& row) {
  if (!is_valid(row)) return errc::bad_value;
  auto asked = ask();
  if (!asked) return asked.error();
  pg::transaction change(*asked->on, asked->deadline);
  if (!change.begun()) return change.begun();
  // Waits for a change of the user that is under way: see change_user().
  const auto locked =
      asked->run("SELECT 1 FROM frpx_users WHERE id = $1 FOR SHARE", values().add(row.user_id));
  if (!locked) return locked.error();
  const auto added = asked->run(
      "INSERT INTO frpx_tokens (id, user_id, client_id, issued, expires, last_used, revoked) "
      "VALUES "
      "($1, $2, $3, $4::timestamptz, $5::timestamptz, $6::timestamptz, $7)",
      values()
          .add(row.id)
          .add(row.user_id)
          .add(row.client_id)
          .add(row.issued)
          .add(row.expires)
          .add(row.last_used)
          .add(row.revoked ? std::string_view("t") : std::string_view("f")));
  if (!added) return added.error();
  const auto bounded_again = asked->run(
      "DELETE FROM frpx_tokens WHERE id IN (SELECT id FROM frpx_tokens WHERE user_id = $1 "
      "ORDER BY issued DESC, id DESC OFFSET $2)",
      values().add(row.user_id).add(static_cast<std::int64_t>(tokens_per_user)));
  if (!bounded_again) return bounded_again.error();
  return change.commit();
}

result<token> postgres_store::find_token(std::string_view id) {
  if (!is_name(id)) return errc::not_found;
  return one(run("SELECT " FRPX_TOKEN_COLUMNS " FROM frpx_tokens WHERE id = $1", values().add(id)),
             read_token);
}

result<std::vector<token>> postgres_store::list_tokens(const page& which) {
  return many(
      run("SELECT " FRPX_TOKEN_COLUMNS " FROM frpx_tokens WHERE id > $1 ORDER BY id LIMIT $2",
          values().add(which.after).add(bounded(which.limit))),
      read_token);
}

result<void> postgres_store::set_token_client(std::string_view id, std::string_view client_id) {
  if (!is_name(client_id)) return errc::bad_value;
  if (!is_name(id)) return errc::not_found;
  return change_one("UPDATE frpx_tokens SET client_id = $1 WHERE id = $2",
                    values().add(client_id).add(id));
}

result<token> postgres_store::revoke_token(std::string_view id) {
  if (!is_name(id)) return errc::not_found;
  auto done =
      one(run("UPDATE frpx_tokens SET revoked = TRUE WHERE id = $1 RETURNING " FRPX_TOKEN_COLUMNS,
              values().add(id)),
          read_token);
  changed_ = true;
  return done;
}

result<void> postgres_store::touch_tokens(std::span<const use> uses) {
  return touch(
      "UPDATE frpx_tokens SET last_used = $1::timestamptz "
      "WHERE id = $2 AND (last_used IS NULL OR last_used < $1::timestamptz)",
      uses);
}

result<std::vector<std::string>> postgres_store::valid_tokens(const std::vector<std::string>& ids) {
  return many(run("SELECT id FROM frpx_tokens WHERE id = ANY($1::text[]) AND NOT revoked",
                  values().add_list(ids)),
              first_text);
}

result<std::size_t> postgres_store::remove_tokens_expired_before(wall_time when) {
  auto asked = ask();
  if (!asked) return asked.error();
  // Counting stays cheap: what everybody has seen goes.
  const auto swept = asked->run("DELETE FROM frpx_changes WHERE at < NOW() - INTERVAL '1 day'", {});
  if (!swept) return swept.error();
  const auto done =
      asked->run("DELETE FROM frpx_tokens WHERE expires < $1::timestamptz", values().add(when));
  changed_ = true;
  if (!done) return done.error();
  return done->changed();
}

}  // namespace frpx::store
