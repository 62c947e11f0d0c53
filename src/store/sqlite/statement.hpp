// What the statements of the SQLite store share: what becomes of the rows.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "store/sqlite/connection.hpp"
#include "store/store.hpp"

namespace frpx::store {

/// The one row that a statement brings, as `read(from)` gives it; not_found if there is none.
template <class Read>
auto one(query& from, Read read) -> result<decltype(read(from))> {
  const auto row = from.next();
  if (!row) return row.error();
  if (*row == query::step::end) return errc::not_found;
  auto out = read(from);
  // A statement that writes is done only when it has been stepped to its end.
  if (const auto done = from.run(); !done) return done.error();
  return out;
}

/// All rows.
template <class Read>
auto many(query& from, Read read) -> result<std::vector<decltype(read(from))>> {
  std::vector<decltype(read(from))> out;
  for (;;) {
    const auto row = from.next();
    if (!row) return row.error();
    if (*row == query::step::end) return out;
    out.push_back(read(from));
  }
}

/// For a statement that must meet exactly one row.
inline result<void> change_one(connection& db, query& change) {
  if (const auto done = change.run(); !done) return done;
  if (db.changed_rows() == 0) return errc::not_found;
  return {};
}

inline std::int64_t bounded(std::size_t limit) {
  return static_cast<std::int64_t>(std::min(limit, longest_page));
}

}  // namespace frpx::store
