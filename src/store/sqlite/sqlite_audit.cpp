// Who changed what.
#include <algorithm>

#include "store/sqlite/sqlite_store.hpp"

namespace frpx::store {

result<void> sqlite_store::add_audit(const audit_row& row) {
  if (!is_valid(row)) return errc::bad_value;
  const std::scoped_lock lock(writer_.mutex);
  return query(writer_.db,
               "INSERT INTO audit (at, who, origin, action, what, outcome) "
               "VALUES (?, ?, ?, ?, ?, ?)")
      .bind(row.at)
      .bind(row.who)
      .bind(row.from)
      .bind(row.action)
      .bind(row.what)
      .bind(row.outcome)
      .run();
}

result<std::vector<audit_row>> sqlite_store::list_audit(std::uint64_t before, std::size_t limit) {
  constexpr std::uint64_t any = std::numeric_limits<std::int64_t>::max();
  const std::scoped_lock lock(reader_.mutex);
  query list(reader_.db,
             "SELECT id, at, who, origin, action, what, outcome FROM audit WHERE id < ? "
             "ORDER BY id DESC LIMIT ?");
  list.bind(static_cast<std::int64_t>(before == 0 ? any : std::min(before, any)))
      .bind(static_cast<std::int64_t>(std::min(limit, longest_page)));
  std::vector<audit_row> out;
  for (;;) {
    const auto row = list.next();
    if (!row) return row.error();
    if (*row == query::step::end) return out;
    out.push_back({static_cast<std::uint64_t>(list.integer(0)), list.time(1), list.text(2),
                   list.text(3), list.text(4), list.text(5), list.text(6)});
  }
}

result<std::size_t> sqlite_store::remove_audit_before(wall_time when) {
  const std::scoped_lock lock(writer_.mutex);
  query remove(writer_.db, "DELETE FROM audit WHERE at < ?");
  if (const auto done = remove.bind(when).run(); !done) return done.error();
  return writer_.db.changed_rows();
}

}  // namespace frpx::store
