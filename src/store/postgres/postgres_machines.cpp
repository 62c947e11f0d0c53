// The clients' machines, in public frpx's table.
#include <algorithm>

#include "store/postgres/postgres_store.hpp"
#include "store/postgres/statement.hpp"

namespace frpx::store {
namespace {

using pg::bounded;
using pg::many;
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

}  // namespace frpx::store
