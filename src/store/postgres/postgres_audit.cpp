// Who changed what.
#include "store/postgres/postgres_store.hpp"
#include "store/postgres/statement.hpp"

namespace frpx::store {
namespace {

using pg::many;
using pg::rows;
using pg::values;

audit_row read_audit(const rows& from, int row) {
  return {static_cast<std::uint64_t>(from.integer(row, 0)),
          from.time(row, 1),
          from.text(row, 2),
          from.text(row, 3),
          from.text(row, 4),
          from.text(row, 5),
          from.text(row, 6)};
}

}  // namespace

result<void> postgres_store::add_audit(const audit_row& row) {
  if (!is_valid(row)) return errc::bad_value;
  const auto added =
      run("INSERT INTO frpx_audit (at, who, origin, action, what, outcome) "
          "VALUES ($1::timestamptz, $2, $3, $4, $5, $6)",
          values()
              .add(row.at)
              .add(row.who)
              .add(row.from)
              .add(row.action)
              .add(row.what)
              .add(row.outcome));
  if (!added) return added.error();
  return {};
}

result<std::vector<audit_row>> postgres_store::list_audit(std::uint64_t before, std::size_t limit) {
  constexpr std::uint64_t any = std::numeric_limits<std::int64_t>::max();
  const auto below = static_cast<std::int64_t>(before == 0 ? any : std::min(before, any));
  return many(run("SELECT id, " FRPX_MICROS(
                      "at") ", who, origin, action, what, outcome "
                            "FROM frpx_audit WHERE id < $1::bigint ORDER BY id DESC LIMIT $2",
                  values().add(below).add(pg::bounded(limit))),
              read_audit);
}

result<std::size_t> postgres_store::remove_audit_before(wall_time when) {
  const auto done = run("DELETE FROM frpx_audit WHERE at < $1::timestamptz", values().add(when));
  if (!done) return done.error();
  return done->changed();
}

}  // namespace frpx::store
