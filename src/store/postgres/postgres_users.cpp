// Who may log in.
#include "core/names.hpp"
#include "store/postgres/postgres_store.hpp"
#include "store/postgres/statement.hpp"

namespace frpx::store {
namespace {

using pg::bounded;
using pg::many;
using pg::one;
using pg::rows;
using pg::values;

// The columns in the order in which read_user() reads them.
#define FRPX_USER_COLUMNS \
  "id, email, password_hash, role, " FRPX_MICROS("created") ", ports, leases"

user read_user(const rows& from, int row) {
  return {.id = from.text(row, 0),
          .email = from.text(row, 1),
          .password_hash = from.text(row, 2),
          .role = parse_role(from.text(row, 3)).value_or(role::client),
          .created = from.time(row, 4),
          .ports = from.text(row, 5),
          .leases = from.is_null(row, 6)
                        ? std::nullopt
                        : std::optional(static_cast<std::uint32_t>(from.integer(row, 6)))};
}

}  // namespace

result<void> postgres_store::add_user(const user& row) {
  if (!is_valid(row)) return errc::bad_value;
  return change_one(
      "INSERT INTO frpx_users (id, email, password_hash, role, created, ports, leases) "
      "VALUES ($1, $2, $3, $4, $5::timestamptz, $6, $7)",
      values()
          .add(row.id)
          .add(row.email)
          .add(row.password_hash)
          .add(to_string(row.role))
          .add(row.created)
          .add(row.ports)
          .add_number(row.leases));
}

result<user> postgres_store::find_user(std::string_view email) {
  if (!is_plain_text(email)) return errc::not_found;
  return one(
      run("SELECT " FRPX_USER_COLUMNS " FROM frpx_users WHERE email = $1", values().add(email)),
      read_user);
}

result<user> postgres_store::find_user_by_id(std::string_view id) {
  if (!is_name(id)) return errc::not_found;
  return one(run("SELECT " FRPX_USER_COLUMNS " FROM frpx_users WHERE id = $1", values().add(id)),
             read_user);
}

result<std::vector<user>> postgres_store::list_users(const page& which) {
  return many(run("SELECT " FRPX_USER_COLUMNS " FROM frpx_users WHERE id > $1 ORDER BY id LIMIT $2",
                  values().add(which.after).add(bounded(which.limit))),
              read_user);
}

result<std::vector<user>> postgres_store::find_users(const std::vector<std::string>& ids) {
  return many(run("SELECT " FRPX_USER_COLUMNS " FROM frpx_users WHERE id = ANY($1::text[])",
                  values().add_list(ids)),
              read_user);
}

// The user's row is locked before the tokens are looked for, and add_token() waits for that lock:
// so a token that is added meanwhile is either seen here, or added by whoever sees this change.
result<void> postgres_store::change_user(const char* sql, std::string_view email,
                                         std::string_view to, bool revokes_tokens) {
  if (!is_plain_text(email)) return errc::not_found;
  auto asked = ask();
  if (!asked) return asked.error();
  pg::transaction both(*asked->on, asked->deadline);
  if (!both.begun()) return both.begun();
  const auto changed = asked->run(sql, values().add(to).add(email));
  changed_ = true;
  if (!changed) return changed.error();
  if (changed->changed() == 0) return errc::not_found;
  if (revokes_tokens) {
    const auto revoked = asked->run(
        "UPDATE frpx_tokens SET revoked = TRUE WHERE NOT revoked AND user_id = "
        "(SELECT id FROM frpx_users WHERE email = $1)",
        values().add(email));
    if (!revoked) return revoked.error();
  }
  return both.commit();
}

result<void> postgres_store::set_password(std::string_view email,
                                          const std::string& password_hash) {
  if (!is_password_hash(password_hash)) return errc::bad_value;
  return change_user("UPDATE frpx_users SET password_hash = $1 WHERE email = $2", email,
                     password_hash, true);
}

result<void> postgres_store::set_role(std::string_view email, role value) {
  return change_user("UPDATE frpx_users SET role = $1 WHERE email = $2", email, to_string(value),
                     !may_bring_clients(value));
}

result<void> postgres_store::set_ports(std::string_view email, const std::string& ports) {
  if (!is_port_list(ports)) return errc::bad_value;
  if (!is_plain_text(email)) return errc::not_found;
  return change_one("UPDATE frpx_users SET ports = $1 WHERE email = $2",
                    values().add(ports).add(email));
}

result<void> postgres_store::set_leases(std::string_view email, std::optional<std::uint32_t> most) {
  if (!is_plain_text(email)) return errc::not_found;
  return change_one("UPDATE frpx_users SET leases = $1 WHERE email = $2",
                    values().add_number(most).add(email));
}

result<void> postgres_store::remove_user(std::string_view email) {
  if (!is_plain_text(email)) return errc::not_found;
  // One statement is one transaction. Tokens go with the user by their foreign key.
  return change_one(
      "WITH gone AS (DELETE FROM frpx_users WHERE email = $1 RETURNING id), "
      "keys AS (UPDATE frpx_keys SET status = 'revoked' "
      "WHERE status = 'active' AND owner IN (SELECT id FROM gone)), "
      "machines AS (DELETE FROM gpu_assets WHERE \"userId\"::text IN (SELECT id FROM gone)) "
      "SELECT id FROM gone",
      values().add(email));
}

}  // namespace frpx::store
