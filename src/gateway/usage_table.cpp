#include "gateway/usage_table.hpp"

#include "core/names.hpp"

namespace frpx::gateway {

std::size_t usage_table::hash::operator()(const place_view& of) const {
  constexpr std::size_t odd = 0x9e3779b97f4a7c15;  // 2^64 divided by the golden ratio
  std::size_t sum = static_cast<std::size_t>(of.hour.time_since_epoch().count());
  for (const std::string_view part : {of.key, of.client, of.model}) {
    sum = (sum ^ std::hash<std::string_view>()(part)) * odd;
  }
  return sum;
}

void usage_table::add(std::string_view key, std::string_view client, std::string_view model,
                      wall_time hour, const store::usage& what) {
  if (what == store::usage()) return;
  store::usage& row = at({key, client, is_plain_text(model) ? model : std::string_view(), hour});
  if (row == store::usage()) ++used_;
  row += what;
}

store::usage& usage_table::at(place_view where) {
  for (const std::size_t limit : {most_, 2 * most_}) {
    const auto found = rows_.find(where);
    if (found != rows_.end()) return found->second;
    if (rows_.size() < limit) break;
    lost_details_ = true;
    if (limit == most_) {
      where.client = where.model = others;
    } else {
      where.key = others;
    }
  }
  const auto found = rows_.find(where);
  if (found != rows_.end()) return found->second;
  return rows_
      .emplace(place{std::string(where.key), std::string(where.client), std::string(where.model),
                     where.hour},
               store::usage())
      .first->second;
}

std::vector<store::usage_row> usage_table::take(std::size_t most) {
  std::vector<store::usage_row> taken;
  for (auto at = rows_.begin(); at != rows_.end();) {
    if (at->second == store::usage()) {
      at = rows_.erase(at);
      continue;
    }
    if (taken.size() < most) {
      const place& where = at->first;
      taken.push_back({where.key, where.client, where.model, where.hour,
                       std::exchange(at->second, store::usage())});
      --used_;
    }
    ++at;
  }
  return taken;
}

}  // namespace frpx::gateway
