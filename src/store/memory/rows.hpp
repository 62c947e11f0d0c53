// What the parts of the store in memory share.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "store/store.hpp"

namespace frpx::store {

/// In whole microseconds, as rows are kept.
inline wall_time whole(wall_time time) {
  return std::chrono::floor<std::chrono::microseconds>(time);
}

inline std::optional<wall_time> whole(std::optional<wall_time> time) {
  return time ? std::optional(whole(*time)) : std::nullopt;
}

template <class Map, class Key>
auto page_of(const Map& rows, const Key& after, std::size_t limit) {
  std::vector<typename Map::mapped_type> out;
  for (auto at = rows.upper_bound(after);
       at != rows.end() && out.size() < std::min(limit, longest_page); ++at) {
    out.push_back(at->second);
  }
  return out;
}

}  // namespace frpx::store
