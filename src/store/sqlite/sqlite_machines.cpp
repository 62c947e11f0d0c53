// Clients: their machines, and whose their ids are.
#include "core/names.hpp"
#include "store/sqlite/sqlite_store.hpp"
#include "store/sqlite/statement.hpp"

namespace frpx::store {
namespace {

// The columns in the order in which read_*() reads them.
#define FRPX_ASSET_COLUMNS "user_id, machine_id, name, status, created, updated"
#define FRPX_CLIENT_COLUMNS "id, user_id, since, seen"

asset read_asset(const query& row) {
  return {.user_id = row.text(0),
          .machine_id = row.text(1),
          .name = row.text(2),
          .online = row.text(3) == "online",
          .created = row.time(4),
          .updated = row.time(5)};
}

client read_client(const query& row) {
  return {.id = row.text(0), .user_id = row.text(1), .since = row.time(2), .seen = row.time(3)};
}

}  // namespace

result<void> sqlite_store::put_asset(const asset& row) {
  if (!is_valid(row)) return errc::bad_value;
  const std::scoped_lock lock(writer_.mutex);
  return query(writer_.db, "INSERT INTO gpu_assets (" FRPX_ASSET_COLUMNS
                           ") VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (user_id, machine_id) "
                           "DO UPDATE SET name = excluded.name, status = excluded.status, "
                           "updated = excluded.updated")
      .bind(row.user_id)
      .bind(row.machine_id)
      .bind(row.name)
      .bind(row.online ? "online" : "offline")
      .bind(row.created)
      .bind(row.updated)
      .run();
}

result<std::vector<asset>> sqlite_store::list_assets(const page& which) {
  const std::size_t slash = std::min(which.after.find('/'), which.after.size());
  const std::string_view after = which.after;
  const std::scoped_lock lock(reader_.mutex);
  query list(reader_.db, "SELECT " FRPX_ASSET_COLUMNS
                         " FROM gpu_assets WHERE (user_id, machine_id) > (?, ?) "
                         "ORDER BY user_id, machine_id LIMIT ?");
  return many(list.bind(after.substr(0, slash))
                  .bind(after.substr(std::min(slash + 1, after.size())))
                  .bind(bounded(which.limit)),
              read_asset);
}

result<std::size_t> sqlite_store::put_silent_assets_offline(wall_time before) {
  const std::scoped_lock lock(writer_.mutex);
  query change(writer_.db,
               "UPDATE gpu_assets SET status = 'offline' WHERE status = 'online' AND updated < ?");
  if (const auto done = change.bind(before).run(); !done) return done.error();
  return writer_.db.changed_rows();
}

// --- clients' ids

result<client> sqlite_store::find_client(std::string_view id) {
  const std::scoped_lock lock(reader_.mutex);
  query find(reader_.db, "SELECT " FRPX_CLIENT_COLUMNS " FROM clients WHERE id = ?");
  return one(find.bind(id), read_client);
}

result<client> sqlite_store::claim_client(const client& row, std::size_t most) {
  if (!is_valid(row)) return errc::bad_value;
  const std::scoped_lock lock(writer_.mutex);
  transaction change(writer_.db);
  if (!change.begun()) return change.begun().error();
  const auto claimed =
      query(writer_.db, "INSERT INTO clients (" FRPX_CLIENT_COLUMNS
                        ") VALUES (?1, ?2, ?3, ?4) ON CONFLICT (id) DO UPDATE SET seen = "
                        "max(seen, excluded.seen) WHERE user_id = excluded.user_id")
          .bind(row.id)
          .bind(row.user_id)
          .bind(row.since)
          .bind(row.seen)
          .run();
  if (!claimed) return claimed.error();
  const auto bounded_again =
      query(writer_.db,
            "DELETE FROM clients WHERE id IN (SELECT id FROM clients WHERE user_id = ? "
            "ORDER BY seen DESC, id DESC LIMIT -1 OFFSET ?)")
          .bind(row.user_id)
          .bind(static_cast<std::int64_t>(most))
          .run();
  if (!bounded_again) return bounded_again.error();
  query find(writer_.db, "SELECT " FRPX_CLIENT_COLUMNS " FROM clients WHERE id = ?");
  auto now = one(find.bind(row.id), read_client);
  if (!now) return now;
  if (const auto done = change.commit(); !done) return done.error();
  return now;
}

result<std::vector<client>> sqlite_store::list_clients(const page& which) {
  const std::scoped_lock lock(reader_.mutex);
  query list(reader_.db,
             "SELECT " FRPX_CLIENT_COLUMNS " FROM clients WHERE id > ? ORDER BY id LIMIT ?");
  return many(list.bind(which.after).bind(bounded(which.limit)), read_client);
}

result<client> sqlite_store::forget_client(std::string_view id) {
  const std::scoped_lock lock(writer_.mutex);
  query remove(writer_.db, "DELETE FROM clients WHERE id = ? RETURNING " FRPX_CLIENT_COLUMNS);
  return one(remove.bind(id), read_client);
}

result<void> sqlite_store::touch_clients(std::span<const use> uses) {
  return touch("UPDATE clients SET seen = ?1 WHERE id = ?2 AND seen < ?1", uses);
}

}  // namespace frpx::store
