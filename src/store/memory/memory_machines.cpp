// Clients: their machines, and whose their ids are.
#include "core/names.hpp"
#include "store/memory/memory_store.hpp"
#include "store/memory/rows.hpp"

namespace frpx::store {

result<void> memory_store::put_asset(const asset& row) {
  if (!is_valid(row)) return errc::bad_value;
  const std::scoped_lock lock(mutex_);
  if (!users_.contains(row.user_id)) return errc::not_found;
  std::pair key(row.user_id, row.machine_id);
  const auto found = assets_.find(key);
  if (found == assets_.end() && assets_.size() >= longest_table) return errc::full;
  asset kept = row;
  kept.created = found == assets_.end() ? whole(row.created) : found->second.created;
  kept.updated = whole(row.updated);
  assets_.insert_or_assign(std::move(key), std::move(kept));
  return {};
}

result<std::vector<asset>> memory_store::list_assets(const page& which) {
  const std::scoped_lock lock(mutex_);
  const auto slash = which.after.find('/');
  const std::pair after(which.after.substr(0, slash),
                        slash == std::string::npos ? "" : which.after.substr(slash + 1));
  return page_of(assets_, after, which.limit);
}

result<std::size_t> memory_store::put_silent_assets_offline(wall_time before) {
  const std::scoped_lock lock(mutex_);
  std::size_t count = 0;
  for (auto& [id, row] : assets_) {
    if (!row.online || row.updated >= before) continue;
    row.online = false;
    ++count;
  }
  return count;
}

// --- clients' ids

result<client> memory_store::find_client(std::string_view id) {
  const std::scoped_lock lock(mutex_);
  const auto found = clients_.find(id);
  if (found == clients_.end()) return errc::not_found;
  return found->second;
}

result<client> memory_store::claim_client(const client& row, std::size_t most) {
  if (!is_valid(row)) return errc::bad_value;
  const std::scoped_lock lock(mutex_);
  if (!users_.contains(row.user_id)) return errc::not_found;
  if (const auto found = clients_.find(row.id); found != clients_.end()) {
    client& known = found->second;
    if (known.user_id == row.user_id) known.seen = std::max(known.seen, whole(row.seen));
    return known;
  }
  if (clients_.size() >= longest_table) return errc::full;
  client kept = row;
  kept.since = whole(row.since);
  kept.seen = whole(row.seen);
  clients_.emplace(row.id, kept);
  forget_oldest_clients(row.user_id, most);
  return kept;
}

void memory_store::forget_oldest_clients(std::string_view user_id, std::size_t most) {
  std::vector<std::pair<wall_time, std::string>> ages;
  for (const auto& [id, row] : clients_) {
    if (row.user_id == user_id) ages.emplace_back(row.seen, id);
  }
  if (ages.size() <= most) return;
  std::sort(ages.begin(), ages.end());
  ages.resize(ages.size() - most);
  for (const auto& [seen, id] : ages) clients_.erase(id);
}

result<std::vector<client>> memory_store::list_clients(const page& which) {
  const std::scoped_lock lock(mutex_);
  return page_of(clients_, which.after, which.limit);
}

result<client> memory_store::forget_client(std::string_view id) {
  const std::scoped_lock lock(mutex_);
  const auto found = clients_.find(id);
  if (found == clients_.end()) return errc::not_found;
  client gone = std::move(found->second);
  clients_.erase(found);
  return gone;
}

result<void> memory_store::touch_clients(std::span<const use> uses) {
  const std::scoped_lock lock(mutex_);
  for (const use& each : uses) {
    const auto found = clients_.find(each.id);
    if (found == clients_.end()) continue;
    found->second.seen = std::max(found->second.seen, whole(each.when));
  }
  return {};
}

}  // namespace frpx::store
