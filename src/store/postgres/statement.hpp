// What the statements of the PostgreSQL store share: columns, and what becomes of the rows.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "store/postgres/connection.hpp"
#include "store/store.hpp"

#define FRPX_MICROS(time)                                       \
  "CASE WHEN isfinite(" time ") THEN (extract(epoch FROM " time \
  "::timestamptz) * 1000000)::bigint END"

namespace frpx::store::pg {

/// The first row as `read(rows, 0)` gives it; not_found if there is none.
template <class Read>
auto one(const result<rows>& from, Read read) -> result<decltype(read(*from, 0))> {
  if (!from) return from.error();
  if (from->size() == 0) return errc::not_found;
  return read(*from, 0);
}

/// All rows.
template <class Read>
auto many(const result<rows>& from, Read read) -> result<std::vector<decltype(read(*from, 0))>> {
  if (!from) return from.error();
  std::vector<decltype(read(*from, 0))> out;
  out.reserve(static_cast<std::size_t>(from->size()));
  for (int row = 0; row < from->size(); ++row) out.push_back(read(*from, row));
  return out;
}

/// For a column of names.
inline std::string first_text(const rows& from, int row) {
  return from.text(row, 0);
}

inline std::int64_t bounded(std::size_t limit) {
  return static_cast<std::int64_t>(std::min(limit, longest_page));
}

}  // namespace frpx::store::pg
