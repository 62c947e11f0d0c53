#include "server/usage_sums.hpp"

#include "gateway/usage_table.hpp"

namespace frpx::server {

void usage_sums::add(std::span<const store::usage_row> rows) {
  for (const store::usage_row& row : rows) {
    std::pair place(row.client, row.model);
    if (sums_.size() >= most && !sums_.contains(place)) {
      place.first = place.second = gateway::usage_table::others;
    }
    sums_[std::move(place)] += row.of;
  }
}

void usage_sums::each(const visitor& visit) const {
  for (const auto& [place, sum] : sums_) visit(place.first, place.second, sum);
}

}  // namespace frpx::server
