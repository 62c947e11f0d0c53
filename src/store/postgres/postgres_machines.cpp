// Clients: their machines, in public frpx's table, and whose their ids are.
#include <algorithm>

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

// The columns in the order in which read_asset() reads them.
#define FRPX_ASSET_COLUMNS                                                   \
  "\"userId\"::text, \"machineId\"::text, name, status::text, " FRPX_MICROS( \
      "\"createdAt\"") ", " FRPX_MICROS("\"updatedAt\"")

asset read_asset(const rows& from, int row) {
  return {.user_id = from.text(row, 0),
          .machine_id = from.text(row, 1),
          .name = from.text(row, 2),
          .online = from.text(row, 3) == "online",
          .created = from.time(row, 4),
          .updated = from.time(row, 5)};
}

#define FRPX_CLIENT_COLUMNS "id, user_id, " FRPX_MICROS("since") ", " FRPX_MICROS("seen")

client read_client(const rows& from, int row) {
  return {.id = from.text(row, 0),
          .user_id = from.text(row, 1),
          .since = from.time(row, 2),
          .seen = from.time(row, 3)};
}

result<void> nothing(const result<rows>& from) {
  if (!from) return from.error();
  return {};
}

}  // namespace

result<void> postgres_store::put_asset(const asset& row) {
  if (!is_valid(row)) return errc::bad_value;
  auto asked = ask();
  if (!asked) return asked.error();
  const auto put = values()
                       .add(row.user_id)
                       .add(row.machine_id)
                       .add(row.name)
                       .add(row.online ? "online" : "offline")
                       .add(row.updated);
  const auto changed = asked->run(
      "UPDATE gpu_assets SET name = $3, status = $4, \"updatedAt\" = $5::timestamptz "
      "WHERE \"userId\"::text = $1 AND \"machineId\"::text = $2",
      put);
  if (!changed || changed->changed() > 0) return nothing(changed);
  const auto user = asked->run("SELECT 1 FROM frpx_users WHERE id = $1", values().add(row.user_id));
  if (!user) return user.error();
  if (user->size() == 0) return errc::not_found;
  const auto added = asked->run(
      "INSERT INTO gpu_assets (\"userId\", \"machineId\", name, status, \"updatedAt\", "
      "\"createdAt\") "
      "VALUES ($1, $2, $3, $4, $5::timestamptz, $6::timestamptz) ON CONFLICT DO NOTHING",
      values(put).add(row.created));
  if (!added || added->changed() > 0) return nothing(added);
  // Public frpx knows a machine once, whoever it belongs to.
  return nothing(
      asked->run("UPDATE gpu_assets SET \"userId\" = $1, name = $3, status = $4, \"updatedAt\" = "
                 "$5::timestamptz WHERE \"machineId\"::text = $2",
                 put));
}

result<std::vector<asset>> postgres_store::list_assets(const page& which) {
  const std::string_view after = which.after;
  const std::size_t slash = std::min(after.find('/'), after.size());
  return many(run("SELECT " FRPX_ASSET_COLUMNS " FROM gpu_assets "
                  "WHERE (\"userId\"::text COLLATE \"C\", \"machineId\"::text COLLATE \"C\") > "
                  "($1, $2) ORDER BY \"userId\"::text COLLATE \"C\", \"machineId\"::text COLLATE "
                  "\"C\" LIMIT $3",
                  values()
                      .add(after.substr(0, slash))
                      .add(after.substr(std::min(slash + 1, after.size())))
                      .add(bounded(which.limit))),
              read_asset);
}

result<std::size_t> postgres_store::put_silent_assets_offline(wall_time before) {
  const auto done =
      run("UPDATE gpu_assets SET status = 'offline' "
          "WHERE status::text = 'online' AND \"updatedAt\" < $1::timestamptz",
          values().add(before));
  if (!done) return done.error();
  return done->changed();
}

// --- clients' ids

result<client> postgres_store::find_client(std::string_view id) {
  if (!is_name(id)) return errc::not_found;
  return one(
      run("SELECT " FRPX_CLIENT_COLUMNS " FROM frpx_clients WHERE id = $1", values().add(id)),
      read_client);
}

result<client> postgres_store::claim_client(const client& row, std::size_t most) {
  if (!is_valid(row)) return errc::bad_value;
  auto asked = ask();
  if (!asked) return asked.error();
  pg::transaction change(*asked->on, asked->deadline);
  if (!change.begun()) return change.begun().error();
  // Where the row is another's, this waits for whoever is writing it and changes nothing.
  const auto claimed = asked->run(
      "INSERT INTO frpx_clients (id, user_id, since, seen) "
      "VALUES ($1, $2, $3::timestamptz, $4::timestamptz) ON CONFLICT (id) DO UPDATE "
      "SET seen = greatest(frpx_clients.seen, excluded.seen) "
      "WHERE frpx_clients.user_id = excluded.user_id",
      values().add(row.id).add(row.user_id).add(row.since).add(row.seen));
  if (!claimed) return claimed.error();
  const auto bounded_again = asked->run(
      "DELETE FROM frpx_clients WHERE id IN (SELECT id FROM frpx_clients WHERE user_id = $1 "
      "ORDER BY seen DESC, id DESC OFFSET $2)",
      values().add(row.user_id).add(static_cast<std::int64_t>(most)));
  if (!bounded_again) return bounded_again.error();
  auto now = one(asked->run("SELECT " FRPX_CLIENT_COLUMNS " FROM frpx_clients WHERE id = $1",
                            values().add(row.id)),
                 read_client);
  if (!now) return now.error() == errc::not_found ? errc::busy : now.error();
  if (const auto done = change.commit(); !done) return done.error();
  return now;
}

result<std::vector<client>> postgres_store::list_clients(const page& which) {
  return many(
      run("SELECT " FRPX_CLIENT_COLUMNS " FROM frpx_clients WHERE id > $1 ORDER BY id LIMIT $2",
          values().add(which.after).add(bounded(which.limit))),
      read_client);
}

result<client> postgres_store::forget_client(std::string_view id) {
  if (!is_name(id)) return errc::not_found;
  return one(run("DELETE FROM frpx_clients WHERE id = $1 RETURNING " FRPX_CLIENT_COLUMNS,
                 values().add(id)),
             read_client);
}

result<void> postgres_store::touch_clients(std::span<const use> uses) {
  return touch(
      "UPDATE frpx_clients SET seen = $1::timestamptz WHERE id = $2 AND seen < $1::timestamptz",
      uses);
}

}  // namespace frpx::store
