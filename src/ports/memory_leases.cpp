#include "ports/memory_leases.hpp"

namespace frpx::ports {

result<void> memory_leases::run_round(const decider& decide, bool bring_all) {
  lease_news news{.all = bring_all, .closes_are_told = closes_are_told_};
  if (bring_all) {
    for (const auto& [name, row] : rows_) news.rows.push_back(row);
  }
  lease_changes changes = decide(std::move(news));
  auto after = rows_;
  for (const std::string& name : changes.removed) after.erase(name);
  for (lease& row : changes.put) {
    for (const auto& [name, other] : after) {
      if (other.port == row.port && other.over == row.over && name != row.proxy) {
        return store::errc::already_exists;
      }
    }
    if (!is_valid(row)) return store::errc::bad_value;
    std::string name = row.proxy;
    after.insert_or_assign(std::move(name), std::move(row));
  }
  rows_ = std::move(after);
  closes_are_told_ |= changes.closes_are_told;
  return {};
}

}  // namespace frpx::ports
