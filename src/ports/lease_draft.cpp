#include "ports/lease_draft.hpp"

namespace frpx::ports {

void lease_draft::learn(const lease_news& news) {
  if (news.all) book_.clear();
  for (const lease& row : news.rows) book_.put(row);
}

void lease_draft::touch(const std::string& proxy) {
  if (seen_.insert(proxy).second) touched_.push_back(proxy);
}

void lease_draft::put(lease row) {
  touch(row.proxy);
  const lease* const before = book_.find(row.proxy);
  if (before != nullptr && (before->port != row.port || before->over != row.over)) {
    moved_.insert(row.proxy);
  }
  book_.put(std::move(row));
}

void lease_draft::erase(std::string_view proxy) {
  const std::string name(proxy);
  touch(name);
  moved_.insert(name);  // if it comes back, its port may be another's by then
  book_.erase(name);
}

lease_changes lease_draft::take_changes() {
  lease_changes changes;
  for (const std::string& proxy : touched_) {
    const lease* const now = book_.find(proxy);
    if (now == nullptr || moved_.contains(proxy)) changes.removed.push_back(proxy);
    if (now != nullptr) changes.put.push_back(*now);
  }
  touched_.clear();
  seen_.clear();
  moved_.clear();
  return changes;
}

}  // namespace frpx::ports
